"""Runs on a server: who we are there, what it already has of a run, creating and updating it, reading rows back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from runferry.remote.answers import TooLong
from runferry.remote.failures import GraphQLRefused, ServerRefused
from runferry.remote.graphql import execute
from runferry.remote.session import Session

_VIEWER = "query Viewer { viewer { id username entity } }"

_RESUME = """
query RunResumeStatus($entity: String, $project: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    bucket(name: $name, missingOk: true) {
      id name displayName config summaryMetrics tags
      historyLineCount eventsLineCount logLineCount historyTail eventsTail
      wandbConfig(keys: ["t"]) createdAt
    }
  }
}
"""

_HOLES = """
query RunHoles($entity: String, $project: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    bucket(name: $name, missingOk: true) { historyHoleCount eventsHoleCount logHoleCount }
  }
}
"""

_FIRST_HOLES = """
query RunFirstHoles($entity: String, $project: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    bucket(name: $name, missingOk: true) { historyFirstHole eventsFirstHole logFirstHole }
  }
}
"""

_EVENTS = """
query RunEvents($entity: String, $project: String!, $run: String!, $samples: Int) {
  project(name: $project, entityName: $entity) { run(name: $run) { events(samples: $samples) } }
}
"""

_UPSERT = """
mutation UpsertBucket(
  $id: String, $name: String, $project: String, $entity: String, $groupName: String, $description: String,
  $displayName: String, $notes: String, $commit: String, $config: JSONString, $host: String, $debug: Boolean,
  $program: String, $repo: String, $jobType: String, $state: String, $sweep: String, $tags: [String!],
  $summaryMetrics: JSONString
) {
  upsertBucket(input: {
    id: $id, name: $name, modelName: $project, entityName: $entity, groupName: $groupName, description: $description,
    displayName: $displayName, notes: $notes, commit: $commit, config: $config, host: $host, debug: $debug,
    jobProgram: $program, jobRepo: $repo, jobType: $jobType, state: $state, sweep: $sweep, tags: $tags,
    summaryMetrics: $summaryMetrics
  }) {
    bucket { id name displayName historyLineCount createdAt project { id name entity { id name } } }
    inserted
  }
}
"""

_ALERT = """
mutation NotifyScriptableRunAlert(
  $entityName: String!, $projectName: String!, $runName: String!, $title: String!, $text: String!,
  $severity: AlertSeverity = INFO, $waitDuration: Duration
) {
  notifyScriptableRunAlert(input: {
    entityName: $entityName, projectName: $projectName, runName: $runName, title: $title, text: $text,
    severity: $severity, waitDuration: $waitDuration
  }) { success }
}
"""

_DELETE = "mutation DeleteRun($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"

_PAGE = """
query HistoryPage(
  $entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!, $pageSize: Int!
) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
  }
}
"""

UPSERT_FIELDS = (
    "id", "name", "project", "entity", "groupName", "description", "displayName", "notes", "commit", "config", "host",
    "debug", "program", "repo", "jobType", "state", "sweep", "tags", "summaryMetrics",
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    """Whose key it is. `entity` is where runs go that name none."""

    username: str
    entity: str


@dataclass(frozen=True)
class RemoteRun:
    """What a server has of a run. Counts are lines; tails the last lines, as text; `began`: as of `Created`."""

    storage_id: str
    lines: dict[str, int]
    history_tail: list[str] = field(default_factory=list)
    events_tail: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    was_started: bool = False
    began: str = ""


@dataclass(frozen=True)
class Created:
    """The answer to an upsert. `began`: when the run was created, as the API says it."""

    storage_id: str
    entity: str
    project: str
    run_id: str
    history_lines: int
    began: str = ""


def viewer(session: Session) -> Account:
    """Whose key this is. Raises AppError; an unknown key is a `ServerRefused`."""
    found = execute(session, "Viewer", _VIEWER).at("viewer")
    if not found:
        raise ServerRefused(
            "key-refused",
            "The key for this server was refused",
            f"{session.url} does not know whose key this is.",
            "Enter the right key with `runferry login`, or set WANDB_API_KEY.",
        )
    return Account(found.text("username"), found.text("entity"))


def look_up(session: Session, entity: str, project: str, run_id: str) -> RemoteRun | None:
    """What the server has of a run; None when it knows no such run."""
    data = execute(session, "RunResumeStatus", _RESUME, entity=entity or None, project=project or None, name=run_id)
    bucket = data.at("model", "bucket")
    if not bucket:
        return None
    return RemoteRun(
        storage_id=bucket.text("id"),
        lines={
            "history": bucket.count("historyLineCount"),
            "events": bucket.count("eventsLineCount"),
            "console": bucket.count("logLineCount"),
        },
        history_tail=_lines(bucket.inner("historyTail", [])),
        events_tail=_lines(bucket.inner("eventsTail", [])),
        summary=bucket.inner("summaryMetrics", {}),
        config=bucket.inner("config", {}),
        was_started="t" in bucket.inner("wandbConfig", {}),
        began=bucket.text("createdAt"),
    )


def holes(session: Session, entity: str, project: str, run_id: str) -> dict[str, int]:
    """Lines inside the counts that a Runferry server never got, per stream; other servers do not tell."""
    data = execute(session, "RunHoles", _HOLES, entity=entity, project=project, name=run_id)
    bucket = data.at("model", "bucket")
    names = {"history": "historyHoleCount", "events": "eventsHoleCount", "console": "logHoleCount"}
    return {stream: bucket.count(name) for stream, name in names.items()}


def first_holes(session: Session, entity: str, project: str, run_id: str) -> dict[str, int]:
    """The number of the first line that a Runferry server never got, or lost; only of streams that have one."""
    try:
        data = execute(session, "RunFirstHoles", _FIRST_HOLES, entity=entity, project=project, name=run_id)
    except GraphQLRefused:  # an older one does not tell
        return {}
    bucket = data.at("model", "bucket")
    names = {"history": "historyFirstHole", "events": "eventsFirstHole", "console": "logFirstHole"}
    return {stream: bucket.count(name) for stream, name in names.items() if bucket.raw(name) is not None}


def upsert(session: Session, **values: Any) -> Created:
    """Create or update a run. `values`: names of `UPSERT_FIELDS`; what is left out stays as it is on the server."""
    variables = {name: values.pop(name, None) for name in UPSERT_FIELDS}
    if values:
        raise TypeError(f"not fields of a run: {sorted(values)}")
    bucket = execute(session, "UpsertBucket", _UPSERT, **variables).need("upsertBucket", "bucket")
    project = bucket.at("project")
    return Created(
        storage_id=bucket.text("id"),
        entity=project.at("entity").text("name") or str(variables["entity"] or ""),
        project=project.text("name") or str(variables["project"] or ""),
        run_id=bucket.text("name") or str(variables["name"]),
        history_lines=bucket.count("historyLineCount"),
        began=bucket.text("createdAt"),
    )


def delete(session: Session, storage_id: str) -> None:
    """Delete a run, with its files. Raises AppError."""
    execute(session, "DeleteRun", _DELETE, id=storage_id)


def send_alert(session: Session, run: Created, title: str, text: str, severity: str, wait_ms: int) -> None:
    """Have the server notify people. `wait_ms`: milliseconds, as the official client sends it."""
    execute(
        session,
        "NotifyScriptableRunAlert",
        _ALERT,
        entityName=run.entity,
        projectName=run.project,
        runName=run.run_id,
        title=title,
        text=text,
        severity=severity if severity in ("INFO", "WARN", "ERROR") else "INFO",
        waitDuration=wait_ms,
    )


def history_page(session: Session, run: Created, min_step: int, max_step: int, size: int) -> list[str]:
    """Rows with ``min_step <= _step < max_step`` as JSON text, at most `size` of them."""
    data = execute(
        session,
        "HistoryPage",
        _PAGE,
        entity=run.entity,
        project=run.project,
        run=run.run_id,
        minStep=min_step,
        maxStep=max_step,
        pageSize=size,
    )
    return data.at("project", "run").lines("history")


def events(session: Session, run: Created, count: int) -> list[str]:
    """The samples of the system metrics as JSON text; where there are more than `count`, some from everywhere."""
    data = execute(session, "RunEvents", _EVENTS, entity=run.entity, project=run.project, run=run.run_id, samples=count)
    return data.at("project", "run").lines("events")


def read_history(session: Session, run: Created, steps: Iterable[int], size: int = 1000) -> Iterator[list[str]]:
    """The rows of these steps, in pages of at most `size` steps; stretches without any of them are not asked for."""
    end = -1
    for step in sorted(steps):
        if step >= end:
            end = step + size
            yield from _rows(session, run, step, end)


def _rows(session: Session, run: Created, first: int, end: int) -> Iterator[list[str]]:
    """The rows of these steps; in smaller pages where the rows are too large for one."""
    try:
        found = history_page(session, run, first, end, end - first)
    except TooLong:
        if end - first <= 1:
            raise
        middle = (first + end) // 2
        yield from _rows(session, run, first, middle)
        yield from _rows(session, run, middle, end)
        return
    yield found


def _lines(found: list[Any]) -> list[str]:
    """The texts of a list that servers send as text in a text."""
    return [one for one in found if isinstance(one, str)]

"""Runs on a server: who we are there, what it already has of a run, creating and updating it, reading rows back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from runferry.remote.failures import ServerRefused
from runferry.remote.graphql import execute
from runferry.remote.session import Session

_VIEWER = "query Viewer { viewer { id username entity } }"

_RESUME = """
query RunResumeStatus($entity: String, $project: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    bucket(name: $name, missingOk: true) {
      id name displayName config summaryMetrics tags
      historyLineCount eventsLineCount logLineCount historyTail eventsTail
      wandbConfig(keys: ["t"])
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
    bucket { id name displayName historyLineCount project { id name entity { id name } } }
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
    """What a server has of a run. Counts are lines; tails are the last lines, as text."""

    storage_id: str
    lines: dict[str, int]
    history_tail: list[str] = field(default_factory=list)
    events_tail: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    was_started: bool = False


@dataclass(frozen=True)
class Created:
    """The answer to an upsert."""

    storage_id: str
    entity: str
    project: str
    run_id: str
    history_lines: int


def viewer(session: Session) -> Account:
    """Whose key this is. Raises AppError; an unknown key is a `ServerRefused`."""
    found = execute(session, "Viewer", _VIEWER).get("viewer")
    if not found:
        raise ServerRefused(
            "key-refused",
            "The key for this server was refused",
            f"{session.url} does not know whose key this is.",
            "Enter the right key with `runferry login`, or set WANDB_API_KEY.",
        )
    return Account(str(found.get("username") or ""), str(found.get("entity") or ""))


def look_up(session: Session, entity: str, project: str, run_id: str) -> RemoteRun | None:
    """What the server has of a run; None when it knows no such run."""
    data = execute(session, "RunResumeStatus", _RESUME, entity=entity or None, project=project or None, name=run_id)
    bucket = (data.get("model") or {}).get("bucket")
    if not bucket:
        return None
    wandb = _loads(bucket.get("wandbConfig"), {})
    return RemoteRun(
        storage_id=str(bucket.get("id") or ""),
        lines={
            "history": int(bucket.get("historyLineCount") or 0),
            "events": int(bucket.get("eventsLineCount") or 0),
            "console": int(bucket.get("logLineCount") or 0),
        },
        history_tail=[str(one) for one in _loads(bucket.get("historyTail"), [])],
        events_tail=[str(one) for one in _loads(bucket.get("eventsTail"), [])],
        summary=_loads(bucket.get("summaryMetrics"), {}),
        config=_loads(bucket.get("config"), {}),
        was_started="t" in wandb,
    )


def holes(session: Session, entity: str, project: str, run_id: str) -> dict[str, int]:
    """Lines inside the counts that a Runferry server never got, per stream; other servers do not tell."""
    data = execute(session, "RunHoles", _HOLES, entity=entity, project=project, name=run_id)
    bucket = (data.get("model") or {}).get("bucket") or {}
    names = {"history": "historyHoleCount", "events": "eventsHoleCount", "console": "logHoleCount"}
    return {stream: int(bucket.get(name) or 0) for stream, name in names.items()}


def upsert(session: Session, **values: Any) -> Created:
    """Create or update a run. `values`: names of `UPSERT_FIELDS`; what is left out stays as it is on the server."""
    variables = {name: values.pop(name, None) for name in UPSERT_FIELDS}
    if values:
        raise TypeError(f"not fields of a run: {sorted(values)}")
    bucket = (execute(session, "UpsertBucket", _UPSERT, **variables).get("upsertBucket") or {}).get("bucket") or {}
    project = bucket.get("project") or {}
    entity = (project.get("entity") or {}).get("name")
    return Created(
        storage_id=str(bucket.get("id") or ""),
        entity=str(entity or variables["entity"] or ""),
        project=str(project.get("name") or variables["project"] or ""),
        run_id=str(bucket.get("name") or variables["name"]),
        history_lines=int(bucket.get("historyLineCount") or 0),
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
    found = ((data.get("project") or {}).get("run") or {}).get("history") or []
    return [one if isinstance(one, str) else json.dumps(one) for one in found]


def events(session: Session, run: Created, count: int) -> list[str]:
    """The samples of the system metrics as JSON text; where there are more than `count`, some from everywhere."""
    data = execute(session, "RunEvents", _EVENTS, entity=run.entity, project=run.project, run=run.run_id, samples=count)
    found = ((data.get("project") or {}).get("run") or {}).get("events") or []
    return [one if isinstance(one, str) else json.dumps(one) for one in found]


def read_history(session: Session, run: Created, steps: Iterable[int], size: int = 1000) -> Iterator[list[str]]:
    """The rows of these steps, in pages of at most `size` steps; stretches without any of them are not asked for."""
    end = -1
    for step in sorted(steps):
        if step >= end:
            end = step + size
            yield history_page(session, run, step, end, size)


def _loads(text: Any, otherwise: Any) -> Any:
    """Decoded JSON of the same type as `otherwise`; servers send these fields as text, or null."""
    if isinstance(text, str):
        try:
            text = json.loads(text)
        except ValueError:
            return otherwise
    return text if isinstance(text, type(otherwise)) else otherwise

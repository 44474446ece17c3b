"""What a server knows of a run that was sent: how it ended, its files' contents, and the state of its code."""

from __future__ import annotations

from dataclasses import dataclass, field

from runferry.errors import PermanentError
from runferry.remote import destinations
from runferry.remote.answers import LONGEST_ADDRESS, Pages
from runferry.remote.failures import GraphQLRefused
from runferry.remote.graphql import execute
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.remote.uploads import LONGEST_PATH

_MOST_FILES = 100  # that hold changes: a run has a handful

_RUN = """
query RunCodeState($entity: String, $project: String!, $run: String!, $cursor: String) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      commit
      files(names: [], after: $cursor, first: 500) {
        edges { node { name directUrl } }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""


_FILE = """
query RunFile($entity: String, $project: String!, $run: String!, $names: [String]) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { files(names: $names, first: 50) { edges { node { name directUrl } } } }
  }
}
"""

_OUTCOME = """
query RunOutcome($entity: String, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { state } }
}
"""

_EXIT = """
query RunExit($entity: String, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { state exitcode } }
}
"""

_EXIT_CODES = {"finished": 0, "failed": 1, "crashed": 1, "killed": 130}


@dataclass(frozen=True)
class Outcome:
    """How a run ended as the server tells it: a state in W&B's words, and where it tells that, the exit code."""

    state: str = ""
    exit_code: int | None = None


def outcome(session: Session, run: Created, tells_code: bool) -> Outcome:
    """Ask for it; empty where the server does not tell. tells_code: it is a Runferry server. Raises AppError."""
    query = ("RunExit", _EXIT) if tells_code else ("RunOutcome", _OUTCOME)
    try:
        data = execute(session, *query, entity=run.entity or None, project=run.project, run=run.run_id)
    except GraphQLRefused:
        return Outcome()
    found = data.at("project", "run")
    state, code = found.raw("state"), found.raw("exitcode")
    return Outcome(state if isinstance(state, str) else "", code if isinstance(code, int) else None)


def exit_code(session: Session, run: Created, tells_code: bool) -> int | None:
    """What a run ended with, as far as its state tells; None where it goes on or that is not told. Raises AppError."""
    told = outcome(session, run, tells_code)
    code = _EXIT_CODES.get(told.state)
    return code if code is None or told.exit_code is None else told.exit_code


def file_content(session: Session, run: Created, name: str) -> bytes | None:
    """One file of a run; None where the server has none of that name. Raises AppError."""
    asked = {"entity": run.entity or None, "project": run.project, "run": run.run_id, "names": [name]}
    found = execute(session, "RunFile", _FILE, **asked).at("project", "run", "files")
    for node in (edge.at("node") for edge in found.nodes("edges")):
        address = node.text("directUrl", LONGEST_ADDRESS)
        if node.text("name", LONGEST_PATH) == name and address:
            return session.get(destinations.absolute(session.url, address), f"the file {name}")
    return None


@dataclass(frozen=True)
class RemoteCode:
    """`files`: addresses of files that hold changes or tell about them, by name."""

    commit: str
    files: dict[str, str] = field(default_factory=dict)


def look_up(session: Session, entity: str, project: str, run_id: str) -> RemoteCode:
    """Ask for it. Raises AppError where there is no such run."""
    commit, files = "", dict[str, str]()
    pages = Pages("the list of the run's files")
    while True:
        data = execute(
            session, "RunCodeState", _RUN, entity=entity or None, project=project, run=run_id, cursor=pages.cursor
        )
        run = data.at("project", "run")
        if not run:
            raise PermanentError(
                "no-such-run",
                "The server does not know this run",
                f"{session.url} has no run {run_id!r} in project {project!r}.",
                "Check its name: ENTITY/PROJECT/RUN.",
            )
        commit = run.text("commit") or commit
        page = run.at("files")
        for node in (edge.at("node") for edge in page.nodes("edges")):
            name, address = node.text("name", LONGEST_PATH), node.text("directUrl", LONGEST_ADDRESS)
            if _is_wanted(name) and address and len(files) < _MOST_FILES:
                files[name] = destinations.absolute(session.url, address)
        if not pages.has_more(page):
            return RemoteCode(commit, files)


def _is_wanted(name: str) -> bool:
    return "/" not in name and (name.endswith(".patch") or name in ("runferry-code.json", "wandb-metadata.json"))

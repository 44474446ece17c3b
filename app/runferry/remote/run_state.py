"""What a server knows of the code of a run: its commit, and the files with its changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from runferry.errors import PermanentError
from runferry.remote.graphql import execute
from runferry.remote.session import Session

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


@dataclass(frozen=True)
class RemoteCode:
    """`files`: addresses of files that hold changes or tell about them, by name."""

    commit: str
    files: dict[str, str] = field(default_factory=dict)


def look_up(session: Session, entity: str, project: str, run_id: str) -> RemoteCode:
    """Ask for it. Raises AppError where there is no such run."""
    commit, files = "", dict[str, str]()
    cursor: str | None = None
    while True:
        data = execute(session, "RunCodeState", _RUN, entity=entity or None, project=project, run=run_id, cursor=cursor)
        run = (data.get("project") or {}).get("run")
        if not run:
            raise PermanentError(
                "no-such-run",
                "The server does not know this run",
                f"{session.url} has no run {run_id!r} in project {project!r}.",
                "Check its name: ENTITY/PROJECT/RUN.",
            )
        commit = str(run.get("commit") or commit)
        page = run.get("files") or {}
        for edge in page.get("edges") or []:
            node = edge.get("node") or {}
            name = str(node.get("name") or "")
            if _is_wanted(name) and node.get("directUrl"):
                files[name] = _absolute(session, str(node["directUrl"]))
        info = page.get("pageInfo") or {}
        if not info.get("hasNextPage") or info.get("endCursor") == cursor:
            return RemoteCode(commit, files)
        cursor = info.get("endCursor")


def _is_wanted(name: str) -> bool:
    return "/" not in name and (name.endswith(".patch") or name in ("runferry-code.json", "wandb-metadata.json"))


def _absolute(session: Session, url: str) -> str:
    return session.url + url if url.startswith("/") else url

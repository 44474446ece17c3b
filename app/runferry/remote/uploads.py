"""Files of a run: asking for upload URLs, sending, and asking back what the server has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from runferry.errors import PermanentError
from runferry.remote.graphql import execute
from runferry.remote.runs import Created
from runferry.remote.session import Session

_CREATE = """
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID uploadHeaders files { name uploadUrl }
  }
}
"""

_FILES = """
query RunFiles($entity: String!, $project: String!, $run: String!, $cursor: String, $limit: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      files(names: [], after: $cursor, first: $limit) {
        edges { node { name sizeBytes md5 } }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""


class Readable(Protocol):
    """What a body is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; empty at the end."""


@dataclass(frozen=True)
class UploadPlace:
    """Where one file goes. `headers` are the server's."""

    name: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class RemoteFile:
    """A file as the server has it. `md5` is as the server writes it (hexadecimal or base64), or empty."""

    name: str
    size: int
    md5: str


class _Body:
    """A file's bytes with a fixed length: a file that grows while it is sent must not break the request."""

    def __init__(self, source: Readable, size: int) -> None:
        self._source, self._left, self.len = source, size, size

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data = self._source.read(wanted)
        self._left -= len(data)
        return data


def create(session: Session, run: Created, names: list[str]) -> list[UploadPlace]:
    """Upload URLs for the names, in their order."""
    data = execute(
        session, "CreateRunFiles", _CREATE, entity=run.entity, project=run.project, run=run.run_id, files=names
    )
    reply = data.get("createRunFiles") or {}
    headers: dict[str, str] = {}
    for line in reply.get("uploadHeaders") or []:
        name, _, value = str(line).partition(":")
        headers[name.strip()] = value.strip()
    places = {str(one.get("name")): one.get("uploadUrl") for one in reply.get("files") or [] if one}
    missing = [name for name in names if not places.get(name)]
    if missing:
        raise PermanentError(
            "no-upload-url",
            "The server gave no place for a file",
            f"It did not answer for {missing[0]!r} and {len(missing) - 1} more.",
            "Check the server's storage.",
        )
    return [UploadPlace(name, _absolute(session, str(places[name])), headers) for name in names]


def put(session: Session, place: UploadPlace, source: Readable, size: int) -> None:
    """Send `size` bytes; success means that the server acknowledged all of them."""
    headers = {**place.headers, "Content-Length": str(size)}
    body: Any = _Body(source, size) if size else b""
    session.put(place.url, headers, body, f"the upload of {place.name}")


def files(session: Session, run: Created) -> dict[str, RemoteFile]:
    """All files that the server has of a run, by name."""
    found: dict[str, RemoteFile] = {}
    cursor: str | None = None
    while True:
        data = execute(
            session,
            "RunFiles",
            _FILES,
            entity=run.entity,
            project=run.project,
            run=run.run_id,
            cursor=cursor,
            limit=500,
        )
        page = (((data.get("project") or {}).get("run") or {}).get("files")) or {}
        for edge in page.get("edges") or []:
            node = edge.get("node") or {}
            name = str(node.get("name"))
            found[name] = RemoteFile(name, int(node.get("sizeBytes") or 0), str(node.get("md5") or ""))
        info = page.get("pageInfo") or {}
        if not info.get("hasNextPage") or info.get("endCursor") == cursor:
            return found
        cursor = info.get("endCursor")


def _absolute(session: Session, url: str) -> str:
    return session.url + url if url.startswith("/") else url

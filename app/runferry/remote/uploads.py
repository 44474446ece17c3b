"""Files of a run: asking for upload URLs, sending, and asking back what the server has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runferry.errors import PermanentError
from runferry.remote import destinations
from runferry.remote.answers import LONGEST_ADDRESS, Node, Pages
from runferry.remote.graphql import execute, no_place
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


LONGEST_PATH = 8192  # characters of a file's name


class Readable(Protocol):
    """What a body is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; empty at the end."""


@dataclass(frozen=True)
class UploadPlace:
    """Where one file goes. `url` and `headers` are the server's; `left_out`: names of headers that are not sent."""

    name: str
    url: str
    headers: dict[str, str]
    left_out: tuple[str, ...] = ()


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
    reply = data.at("createRunFiles")
    headers = reply.values("uploadHeaders")
    places = {one.text("name", LONGEST_PATH): one.text("uploadUrl", LONGEST_ADDRESS) for one in reply.nodes("files")}
    missing = [name for name in names if not places.get(name)]
    if missing:
        raise no_place(missing[0], len(missing) - 1)
    return [place_of(name, places[name], headers) for name in names]


def place_of(name: str, address: str, headers: Sequence[object]) -> UploadPlace:
    """Where a file goes, by what the server says; what may not be followed is refused when something is sent."""
    used = destinations.usable(headers)
    return UploadPlace(name, address, used, tuple(destinations.left_out(headers, used)))


def put(session: Session, place: UploadPlace, source: Readable, size: int) -> None:
    """Send `size` bytes; success means that the server acknowledged all of them. Raises AppError."""
    headers = {**place.headers, "Content-Length": str(size)}
    body: Any = _Body(source, size) if size else b""
    try:
        session.put(destinations.absolute(session.url, place.url), headers, body, f"the upload of {place.name}")
    except PermanentError as error:
        if not place.left_out:
            raise
        names = ", ".join(place.left_out)
        said = f"{error.message} (The server wanted these headers with it, which are not sent: {names}.)"
        raise PermanentError(error.slug, error.title, said, error.todo, error.cause) from error


def files(session: Session, run: Created) -> dict[str, RemoteFile]:
    """All files that the server has of a run, by name."""
    found: dict[str, RemoteFile] = {}
    pages = Pages("the list of the run's files")
    while True:
        data = execute(
            session,
            "RunFiles",
            _FILES,
            entity=run.entity,
            project=run.project,
            run=run.run_id,
            cursor=pages.cursor,
            limit=500,
        )
        page = data.at("project", "run", "files")
        found.update(listed(page))
        if not pages.has_more(page):
            return found


def listed(page: Node) -> dict[str, RemoteFile]:
    """The files of one page of a list, by name."""
    nodes = [edge.at("node") for edge in page.nodes("edges")]
    found = [RemoteFile(one.text("name", LONGEST_PATH), one.count("sizeBytes"), one.text("md5")) for one in nodes]
    return {one.name: one for one in found}

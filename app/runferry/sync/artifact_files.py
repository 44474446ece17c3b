"""Contents of an artifact's files: found on this computer, compared with the manifest, and sent.

Never changes or deletes what it reads: the staged copies and the person's own files stay where they are. A log from
elsewhere may name any path of this disk, so that nothing leaves whose MD5 the log does not tell already.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from runferry.at_work import made_progress
from runferry.errors import AppError, NeedsUser, PermanentError
from runferry.remote import artifacts, uploads
from runferry.remote.artifacts import FileSpec
from runferry.remote.failures import ServerRefused
from runferry.remote.session import Session
from runferry.sync.artifact_manifest import Entry, hex_of

AT_ONCE = 100  # files per request for upload places
_BLOCK = 1 << 20


class ContentGone(PermanentError):
    """Files of an artifact that are not here any more, or not as they were."""


class _Watched:
    """Calls `beat` while a file is read: a large one takes longer than servers wait for a sign of life."""

    def __init__(self, source: BinaryIO, beat: Callable[[], None]) -> None:
        self._source, self._beat = source, beat

    def read(self, size: int = -1) -> bytes:
        self._beat()
        return self._source.read(size)


class Finder:
    """Looks for contents where the log says, and where the official client keeps copies.

    `roots`: folders that a relative path may start from, the likeliest first.
    """

    def __init__(self, roots: list[Path], beat: Callable[[], None]) -> None:
        self._roots = roots
        self._beat = beat

    def find(self, entry: Entry) -> tuple[Path | None, str]:
        """The file with the entry's content; or None, and why not."""
        wanted = hex_of(entry.digest)
        if not wanted:
            return None, "the log gives no MD5 of it"
        why = ""
        for path in self._candidates(entry, wanted):
            said = self._compare(path, entry.size, wanted)
            if not said:
                return path, ""
            why = why if why and said == "No such file or directory" else f"{path}: {said}"
        return None, why

    def _candidates(self, entry: Entry, md5: str) -> Iterator[Path]:
        path = Path(entry.local_path)
        if path.is_absolute():
            yield path
        else:
            yield from (root / path for root in self._roots)
        yield cache_folder() / "artifacts" / "obj" / "md5" / md5[:2] / md5[2:]

    def _compare(self, path: Path, size: int, md5: str) -> str:
        """What is wrong with the file; empty when it is the one."""
        try:
            stat = path.stat()
            if not path.is_file():
                return "it is not a file"
            if stat.st_size != size:
                return "it was changed since it was logged"
            found = hashlib.md5(usedforsecurity=False)
            with path.open("rb") as source:
                while block := source.read(_BLOCK):
                    found.update(block)
                    made_progress()
                    self._beat()
        except OSError as error:
            return error.strerror or str(error)
        return "" if found.hexdigest() == md5 else "it was changed since it was logged"


def cache_folder() -> Path:
    """Where the official client keeps artifacts' contents."""
    named = os.environ.get("WANDB_CACHE_DIR")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "wandb"


def roots(folder: Path, root: str) -> list[Path]:
    """Folders that a run's relative paths may start from. `root`: what its log tells; older logs tell it in a file."""
    try:
        told = json.loads((folder / "files" / "wandb-metadata.json").read_bytes())
        old = str(told.get("root") or "") if isinstance(told, dict) else ""
    except (OSError, ValueError):
        old = ""
    named = [Path(one) for one in (root, old) if one]
    return [*named, folder.parent.parent, folder]


def send(
    session: Session, artifact: str, manifest: str, entries: list[Entry], finder: Finder, beat: Callable[[], None]
) -> Iterator[None]:
    """Upload what the server does not have yet, a step per file; notes in the entries what they came with.

    Raises ContentGone when all others were sent; other AppErrors at once.
    """
    gone: list[str] = []
    for start in range(0, len(entries), AT_ONCE):
        some = entries[start : start + AT_ONCE]
        specs = [FileSpec(one.path, one.digest) for one in some]
        for entry, answer in zip(some, artifacts.file_places(session, artifact, manifest, specs), strict=True):
            entry.birth = answer.birth
            if answer.place is None:
                continue
            path, why = finder.find(entry)
            if path is None:
                gone.append(f"{entry.path} ({why})")
                continue
            try:
                _put(session, answer.place, path, entry.size, beat)
            except (PermanentError, NeedsUser) as error:
                if isinstance(error, ServerRefused):
                    raise
                (again,) = artifacts.file_places(session, artifact, manifest, [FileSpec(entry.path, entry.digest)])
                if again.place is not None:  # addresses expire
                    _put(session, again.place, path, entry.size, beat)
            yield
    if gone:
        more = f", and {len(gone) - 3} more" if len(gone) > 3 else ""
        raise ContentGone(
            "artifact-file-gone",
            "A file of an artifact is gone or was changed",
            "; ".join(gone[:3]) + more + ".",
            "Bring it back as it was, and sync again.",
        )


def _put(session: Session, place: uploads.UploadPlace, path: Path, size: int, beat: Callable[[], None]) -> None:
    try:
        source = path.open("rb")
    except OSError as error:
        raise ContentGone(
            "artifact-file-gone",
            "A file of an artifact is gone or was changed",
            f"{place.name} ({path}: {error.strerror}).",
            "Bring it back as it was, and sync again.",
            error,
        ) from error
    with source:
        uploads.put(session, place, _Watched(source, beat), size)


def quiet(beat: Callable[[], None]) -> Callable[[], None]:
    """A sign of life whose failure does not break off the upload that it is given during."""

    def guarded() -> None:
        try:
            beat()
        except AppError:
            pass  # the next request tells what is wrong

    return guarded

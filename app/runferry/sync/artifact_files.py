"""Contents of an artifact's files: found on this computer, compared with the manifest, and sent.

Never changes or deletes what it reads: the staged copies and the person's own files stay where they are. A log from
elsewhere may name any path of this disk. So only regular files are read that lie in the official client's staging or
cache folder, in the run's own or in its project, and nothing leaves whose MD5 the log does not tell already.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import platformdirs

from runferry.at_work import made_progress
from runferry.errors import AppError, NeedsUser, PermanentError
from runferry.inert import inert
from runferry.regular_files import NotRegular, open_real, read_below
from runferry.remote import artifacts, uploads
from runferry.remote.artifacts import FileSpec
from runferry.remote.failures import ServerRefused
from runferry.remote.session import Session
from runferry.sync.artifact_manifest import Entry, hex_of
from runferry.sync.links import RunLinks

AT_ONCE = 100  # files per request for upload places
CHANGED = "it was changed since it was logged"
OUTSIDE_OF_STAGING = "it lies neither in the staging folder of wandb nor in the run's project"
_BLOCK = 1 << 20
_LARGEST_METADATA = 1 << 20  # bytes


class ContentGone(PermanentError):
    """Files of an artifact that are not here any more, or not as they were."""


class _Sent:
    """Hashes what is sent of a file, and calls `beat`: a large one takes longer than servers wait for a sign of it."""

    def __init__(self, source: BinaryIO, beat: Callable[[], None]) -> None:
        self._source, self._beat = source, beat
        self.md5 = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        self._beat()
        data = self._source.read(size)
        self.md5.update(data)
        return data


class Finder:
    """Looks for contents where the log says, and where the official client keeps copies; opens no other file than those
    that may be sent (see `RunLinks.may_read`).

    `roots`: folders that a relative path may start from, the likeliest first.
    """

    def __init__(self, roots: list[Path], links: RunLinks, beat: Callable[[], None]) -> None:
        self._roots = roots
        self._links = links
        self._beat = beat

    def find(self, entry: Entry) -> tuple[BinaryIO | None, str]:
        """The file with the entry's content, open at its front; or None, and why not.

        What is sent is read from this very file: another one that stands at its path by then does not matter.
        """
        wanted = hex_of(entry.digest)
        if not wanted:
            return None, "the log gives no MD5 of it"
        why = ""
        for path in self._candidates(entry, wanted):
            file, said = self._compare(path, entry.size, wanted)
            if file is not None:
                return file, ""
            why = why if why and said == "No such file or directory" else f"{path}: {said}"
        return None, why

    def _candidates(self, entry: Entry, md5: str) -> Iterator[Path]:
        path = Path(entry.local_path)
        if path.is_absolute():
            yield path
        else:
            yield from (root / path for root in self._roots)
        yield cache_folder() / "artifacts" / "obj" / "md5" / md5[:2] / md5[2:]

    def _compare(self, path: Path, size: int, md5: str) -> tuple[BinaryIO | None, str]:
        """The file, if it is the one; else what is wrong with it."""
        try:
            file = open_named(path, self._links)
            try:
                if os.fstat(file.fileno()).st_size == size and self._digest(file) == md5:
                    file.seek(0)
                    return file, ""
            except BaseException:
                file.close()
                raise
            file.close()
        except NotRegular as error:
            return None, str(error.strerror)
        except (OSError, ValueError) as error:
            return None, getattr(error, "strerror", None) or str(error)
        return None, CHANGED

    def _digest(self, file: BinaryIO) -> str:
        found = hashlib.md5(usedforsecurity=False)
        while block := file.read(_BLOCK):
            found.update(block)
            made_progress()
            self._beat()
        return found.hexdigest()


def open_named(path: Path, links: RunLinks) -> BinaryIO:
    """A file that a log names by its path, if it may be read: opened where it was judged, through no link.

    Raises OSError.
    """
    real = Path(os.path.realpath(path))
    if not links.may_read(real, (staging_folder(), cache_folder())):
        raise NotRegular(errno.EPERM, OUTSIDE_OF_STAGING, str(path))
    try:
        return open_real(real)
    except NotRegular as error:
        raise NotRegular(error.errno, "it is not a file", str(path)) from None


def cache_folder() -> Path:
    """Where the official client keeps artifacts' contents."""
    named = os.environ.get("WANDB_CACHE_DIR")
    return _real(named or platformdirs.user_cache_dir("wandb"))


def staging_folder() -> Path:
    """Where the official client puts copies of what is logged, until it is uploaded."""
    named = os.environ.get("WANDB_DATA_DIR")
    return _real(named or platformdirs.user_data_dir("wandb")) / "artifacts" / "staging"


def _real(path: str) -> Path:
    return Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111 - `~nobody` is a name like any other


def roots(folder: Path, root: str) -> list[Path]:
    """Folders that a run's relative paths may start from. `root`: what its log tells; older logs tell it in a file."""
    try:
        told = json.loads(read_below(folder, "files/wandb-metadata.json", _LARGEST_METADATA))
        old = str(told.get("root") or "") if isinstance(told, dict) else ""
    except (OSError, ValueError, RecursionError):
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
            file, why = finder.find(entry)
            if file is None:
                gone.append(f"{inert(entry.path)} ({inert(why)})")
                continue
            with file:
                _send(session, artifact, manifest, entry, answer.place, file, beat)
            yield
    if gone:
        raise _content_gone(gone)


def _send(
    session: Session,
    artifact: str,
    manifest: str,
    entry: Entry,
    place: uploads.UploadPlace,
    file: BinaryIO,
    beat: Callable[[], None],
) -> None:
    try:
        _put(session, place, file, entry, beat)
    except (PermanentError, NeedsUser) as error:
        if isinstance(error, (ServerRefused, ContentGone)):
            raise
        (again,) = artifacts.file_places(session, artifact, manifest, [FileSpec(entry.path, entry.digest)])
        if again.place is not None:  # addresses expire
            file.seek(0)
            _put(session, again.place, file, entry, beat)


def _put(session: Session, place: uploads.UploadPlace, file: BinaryIO, entry: Entry, beat: Callable[[], None]) -> None:
    """Send it. What was sent is compared once more: a file may be rewritten meanwhile, and then is not committed."""
    sent = _Sent(file, beat)
    uploads.put(session, place, sent, entry.size)
    if sent.md5.hexdigest() != hex_of(entry.digest):
        raise _content_gone([f"{inert(entry.path)} ({CHANGED})"])


def _content_gone(gone: list[str]) -> ContentGone:
    more = f", and {len(gone) - 3} more" if len(gone) > 3 else ""
    outside = any(OUTSIDE_OF_STAGING in one for one in gone)
    return ContentGone(
        "artifact-file-gone",
        "A file of an artifact was not sent" if outside else "A file of an artifact is gone or was changed",
        "; ".join(gone[:3]) + more + ".",
        "If it is meant to be sent: set WANDB_DATA_DIR as it was for the training, or sync with --follow-links."
        if outside
        else "Bring it back as it was, and sync again.",
    )


def quiet(beat: Callable[[], None]) -> Callable[[], None]:
    """A sign of life whose failure does not break off the upload that it is given during."""

    def guarded() -> None:
        try:
            beat()
        except AppError:
            pass  # the next request tells what is wrong

    return guarded

"""Files of a run: which ones are due, and their upload. What was acknowledged is in the ledger and not sent again."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from runferry.at_work import made_progress
from runferry.clock import Clock
from runferry.errors import PermanentError
from runferry.formats.entries import FileEntry
from runferry.remote import uploads
from runferry.remote.failures import UploadHostTrouble
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.state.deliverables import SentFile
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync.artifact_files import quiet
from runferry.sync.wishes import Wishes

log = logging.getLogger(__name__)

LIVE_INTERVAL = 60.0  # seconds between two uploads of a file that changes while its run lives
_AT_ONCE = 50  # names per request for upload places


class _Hashed:
    """Hashes what is read through it, so that a file is read once; calls `beat` at each piece, as a large file takes
    longer than servers wait for a sign of life."""

    def __init__(self, source: BinaryIO, beat: Callable[[], None]) -> None:
        self._source, self._beat = source, beat
        self.md5 = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        self._beat()
        data = self._source.read(size)
        made_progress()
        self.md5.update(data)
        return data


@dataclass(frozen=True)
class _Due:
    """One file to upload: from disk, or made from the log."""

    name: str
    path: Path | None
    content: bytes
    size: int
    mtime_ns: int


class RunFiles:
    """Uploads the files of one run."""

    def __init__(
        self,
        session: Session,
        run: Created,
        ledger: Ledger,
        delivery: Delivery,
        folder: Path,
        wishes: Wishes,
        clock: Clock,
        beat: Callable[[], None],
    ) -> None:
        self._session = session
        self._run = run
        self._ledger = ledger
        self._delivery = delivery
        self._folder = folder
        self._wishes = wishes
        self._clock, self._beat = clock, quiet(beat)
        self._made: frozenset[str] = frozenset()  # names of files made from the log
        self._elsewhere: frozenset[str] = frozenset()  # names of those that lie outside the run's folder
        self._uploaded_at: dict[str, float] = {}  # monotonic
        self.sent: dict[str, SentFile] = ledger.sent_files(delivery)
        self.gone: dict[str, str] = {}  # name: why it cannot be sent
        self._counted = ((-1, 0, 0), 0)  # what there was when files that wait were counted last, and how many did
        self.waiting: UploadHostTrouble | None = None  # why files wait while everything else is sent

    def upload(
        self,
        entries: Mapping[str, FileEntry],
        made: Mapping[str, bytes],
        is_over: bool,
        elsewhere: Mapping[str, Path] | None = None,
    ) -> None:
        """Send what is due: new and changed files, and those that wait for the end once the run is over.

        made: files made from the log, by name; they win over files on disk. elsewhere: files that lie outside the run's
        folder and never change, by name; those of the log win over them. Raises AppError.
        """
        self.waiting, self._made = None, frozenset(made)
        self._elsewhere = frozenset(elsewhere or ())
        due = [one for one in (self._from_log(name, content) for name, content in made.items()) if one]
        for entry in entries.values():
            if entry.path not in made and (is_over or entry.policy != "end"):
                found = self._from_disk(entry, is_over)
                if found:
                    due.append(found)
        due += [
            one for name, path in (elsewhere or {}).items() if name not in entries for one in self._once(name, path)
        ]
        for start in range(0, len(due), _AT_ONCE):
            some = due[start : start + _AT_ONCE]
            places = uploads.create(self._session, self._run, [one.name for one in some])
            for one, place in zip(some, places, strict=True):
                try:
                    self._send(one, place)
                except UploadHostTrouble as error:  # the next files would go to the same host
                    self.waiting = error
                    return

    def count_waiting(self, entries: Mapping[str, FileEntry]) -> int:
        """How many files are still to be sent; counted anew when something has changed."""
        now = (len(entries), len(self.sent), len(self.gone))
        if self._counted[0] != now:
            left = [name for name in list(entries) if name not in self.sent and name not in self.gone]
            self._counted = (now, sum(1 for name in left if self._wishes.may_send_file(name)))
        return self._counted[1]

    def distrust(self, names: Sequence[str]) -> bool:
        """The server lost these: those of them that are ours and still there are no longer taken for sent.

        Gives whether there are any.
        """
        newest = newest_files(self._ledger, self._delivery, self.sent)
        ours = [name for name in names if name in self.sent and newest[name] == self.sent[name]]
        again = [name for name in ours if name in self._made or (is_inside(name) and (self._folder / name).is_file())]
        if not self._elsewhere.isdisjoint(ours):  # they belong together
            again += [name for name in self.sent if name in self._elsewhere and name not in again]
        if again:
            log.warning("the server does not have %s as sent: sent again", ", ".join(again))
            self._ledger.files_lost(self._delivery, again)
            self.sent = self._ledger.sent_files(self._delivery)
        return bool(again)

    def unannounced(self) -> list[str]:
        """Uploaded files that the file stream has not named yet."""
        return [one.path for one in self.sent.values() if not one.announced]

    def announced(self, names: list[str]) -> None:
        """The file stream has named them."""
        self._ledger.files_announced(self._delivery, names)
        self.sent = self._ledger.sent_files(self._delivery)

    def _from_log(self, name: str, content: bytes) -> _Due | None:
        known = self.sent.get(name)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if not self._wishes.may_send_file(name) or (known and known.md5 == md5 and known.size == len(content)):
            return None
        return _Due(name, None, content, len(content), 0)

    def _from_disk(self, entry: FileEntry, is_over: bool) -> _Due | None:
        name = entry.path
        if not self._wishes.may_send_file(name):
            return None
        if not is_inside(name):
            self.gone[name] = "its path leaves the run's folder"
            return None
        path = self._folder / name
        try:
            stat = path.stat()
        except OSError as error:
            if is_over and name not in self.sent:
                self.gone[name] = error.strerror or str(error)
            return None
        known = self.sent.get(name)
        if known and (known.size, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return None
        if known and not is_over and (entry.policy == "now" or self._is_too_soon(name)):
            return None
        if not path.is_file():
            self.gone[name] = "it is not a file"
            return None
        self.gone.pop(name, None)
        return _Due(name, path, b"", stat.st_size, stat.st_mtime_ns)

    def _once(self, name: str, path: Path) -> list[_Due]:
        """A file that never changes, if it was not sent yet."""
        if name in self.sent or not self._wishes.may_send_file(name):
            return []
        try:
            return [_Due(name, path, b"", path.stat().st_size, 0)]
        except OSError:
            return []

    def _is_too_soon(self, name: str) -> bool:
        """A file that changes all the time is sent whole each time: seldom while the run lives, last when it ends."""
        at = self._uploaded_at.get(name)
        return at is not None and self._clock.monotonic() - at < LIVE_INTERVAL

    def _send(self, due: _Due, place: uploads.UploadPlace) -> None:
        try:
            source: BinaryIO = due.path.open("rb") if due.path else io.BytesIO(due.content)
        except OSError as error:
            self.gone[due.name] = error.strerror or str(error)
            return
        with source:
            hashed = _Hashed(source, self._beat)
            try:
                uploads.put(self._session, place, hashed, due.size)
            except PermanentError as error:
                log.warning("the server does not take %s: %s", due.name, error)
                self.gone[due.name] = error.message
                return
        sent = SentFile(due.name, due.size, hashed.md5.hexdigest(), due.mtime_ns)
        self.sent[due.name] = sent
        self._uploaded_at[due.name] = self._clock.monotonic()
        self._ledger.file_sent(self._delivery, sent)


def newest_files(ledger: Ledger, delivery: Delivery, sent: Mapping[str, SentFile]) -> dict[str, SentFile]:
    """A log's files as the server must have them: another log of the run may have written one of them later."""
    newest = ledger.last_files(delivery.target)
    return {name: newest.get(name, one) for name, one in sent.items()}


def is_inside(name: str) -> bool:
    """Whether a name stays inside the run's folder: a log from elsewhere must not name any file of this disk."""
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.parts or "\0" in name:
        return False
    return not path.is_absolute() and ".." not in path.parts and ":" not in path.parts[0]


def differences(sent: Mapping[str, SentFile], there: Mapping[str, uploads.RemoteFile]) -> list[str]:
    """Names of sent files that the server does not have with the same size, and digest where it tells one."""
    wrong = []
    for name, file in sent.items():
        found = there.get(name)
        if found is None or found.size != file.size or not _same_digest(found.md5, file.md5):
            wrong.append(name)
    return wrong


def _same_digest(told: str, md5: str) -> bool:
    """Servers tell it in hexadecimal or in base64; md5: in hexadecimal."""
    if not told or told == md5:
        return True
    try:
        return base64.b64decode(told, validate=True).hex() == md5
    except ValueError:
        return False

"""Files of a run: which ones are due, and their upload. What was acknowledged is in the ledger and not sent again."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from runferry.at_work import made_progress
from runferry.clock import Clock
from runferry.errors import PermanentError
from runferry.formats.entries import FileEntry
from runferry.regular_files import open_regular
from runferry.remote import uploads
from runferry.remote.failures import UploadHostTrouble
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.state.deliverables import SentFile
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync.artifact_files import quiet
from runferry.sync.links import RunLinks, Spot, is_regular
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
    """One file to upload: from disk, by `open`; or made from the log."""

    name: str
    content: bytes
    open: Callable[[], BinaryIO] | None = None
    is_lasting: bool = False  # it never changes, so its time says nothing


class RunFiles:
    """Uploads the files of one run."""

    def __init__(
        self,
        session: Session,
        run: Created,
        ledger: Ledger,
        delivery: Delivery,
        links: RunLinks,
        wishes: Wishes,
        clock: Clock,
        beat: Callable[[], None],
    ) -> None:
        self._session = session
        self._run = run
        self._ledger = ledger
        self._delivery = delivery
        self._links = links
        self._wishes = wishes
        self._clock, self._beat = clock, quiet(beat)
        self._made: frozenset[str] = frozenset()  # names of files made from the log
        self._elsewhere: frozenset[str] = frozenset()  # names of those that lie outside the run's folder
        self._uploaded_at: dict[str, float] = {}  # monotonic
        self.sent: dict[str, SentFile] = ledger.sent_files(delivery)
        self.gone: dict[str, str] = {}  # name: why it cannot be sent
        self.left: dict[str, Spot] = {}  # those that a link leads out of the run's folder, and that stay here
        self._counted = ((-1, 0, 0, 0), 0)  # what there was when files that wait were counted last, and how many did
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
        self._links.look_anew()
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
        now = (len(entries), len(self.sent), len(self.gone), len(self.left))
        if self._counted[0] != now:
            done = (self.sent, self.gone, self.left)
            left = [name for name in list(entries) if not any(name in one for one in done)]
            self._counted = (now, sum(1 for name in left if self._wishes.may_send_file(name)))
        return self._counted[1]

    def of_others(self) -> set[str]:
        """Names of the files that the server has from somebody else. Raises AppError."""
        return uploads.files(self._session, self._run).keys() - self.sent.keys()

    def distrust(self, names: Sequence[str]) -> bool:
        """The server lost these: those of them that are ours and still there are no longer taken for sent.

        Gives whether there are any.
        """
        newest = newest_files(self._ledger, self._delivery, self.sent)
        ours = [name for name in names if name in self.sent and newest[name] == self.sent[name]]
        again = [name for name in ours if name in self._made or self._is_there(name)]
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
        return _Due(name, content)

    def _from_disk(self, entry: FileEntry, is_over: bool) -> _Due | None:
        name = entry.path
        if not self._wishes.may_send_file(name):
            return None
        if why := why_not_a_name(name):
            self.gone[name] = why
            return None
        known = self.sent.get(name)
        if known and not is_over and (entry.policy == "now" or self._is_too_soon(name)):
            return None
        spot = self._links.spot(name)
        try:
            found = spot.stat()
        except OSError as error:
            if is_over and name not in self.sent:
                self.gone[name] = error.strerror or str(error)
            return None
        if known and (known.size, known.mtime_ns) == (found.st_size, found.st_mtime_ns):
            self.left.pop(name, None)
            return None
        if spot.why:
            self.left[name] = spot
            return None
        if not is_regular(found):
            self.gone[name] = "it is not a file"
            return None
        self.gone.pop(name, None)
        self.left.pop(name, None)
        if spot.link is not None and spot.is_asked:  # so that nobody has to say it again
            self._ledger.links.keep(spot.folder, [spot.link])
        return _Due(name, b"", spot.open)

    def _is_there(self, name: str) -> bool:
        try:
            spot = self._links.spot(name)
            return not why_not_a_name(name) and not spot.why and is_regular(spot.stat())
        except (OSError, ValueError):
            return False

    def _once(self, name: str, path: Path) -> list[_Due]:
        """A file of our own that never changes, if it was not sent yet."""
        if name in self.sent or not self._wishes.may_send_file(name) or not path.is_file():
            return []
        return [_Due(name, b"", lambda: open_regular(path), is_lasting=True)]

    def _is_too_soon(self, name: str) -> bool:
        """A file that changes all the time is sent whole each time: seldom while the run lives, last when it ends."""
        at = self._uploaded_at.get(name)
        return at is not None and self._clock.monotonic() - at < LIVE_INTERVAL

    def _send(self, due: _Due, place: uploads.UploadPlace) -> None:
        """What is opened is what is sent and noted, whatever stands there by then."""
        try:
            source: BinaryIO = due.open() if due.open else io.BytesIO(due.content)
        except OSError as error:
            self.gone[due.name] = error.strerror or str(error)
            return
        with source:
            found = os.fstat(source.fileno()) if due.open else None
            size, mtime = (found.st_size, found.st_mtime_ns) if found else (len(due.content), 0)
            hashed = _Hashed(source, self._beat)
            try:
                uploads.put(self._session, place, hashed, size)
            except PermanentError as error:
                log.warning("the server does not take %s: %s", due.name, error)
                self.gone[due.name] = error.message
                return
        sent = SentFile(due.name, size, hashed.md5.hexdigest(), 0 if due.is_lasting else mtime)
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
    is_drive = os.name == "nt" and ":" in name  # or a second stream of a file
    return not path.is_absolute() and ".." not in path.parts and not is_drive


def why_not_a_name(name: str) -> str:
    """Why a file of this name cannot be sent, whatever it holds; empty where it can."""
    if not is_inside(name):
        return "its path leaves the run's folder"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is no text (it holds bytes that are not UTF-8), and servers take no other: rename it"
    return ""


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

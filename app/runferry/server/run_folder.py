"""One run on disk: a folder of plain files that any tool can read while the server runs.

    run.json               what `RunRecord` holds
    wandb-history.jsonl    one row a line          wandb-events.jsonl   system metrics, one row a line
    wandb-summary.json     the latest summary, as it was sent
    output.log             console lines, as they were sent
    files/…                uploaded files          alerts.jsonl         alerts, one a line
    streams/…              any other stream        heartbeat            empty; its time is the last sign of life

Every change is with the operating system before the method returns, and on the disk when the store's `commits` are
settled. `lock` is held by whoever calls more than one method for one answer; all methods take it themselves.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import stat as stat_module
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runferry.server.commits import Commits
from runferry.server.durable import (
    PARTIAL,
    is_plain,
    make_folder,
    move_in,
    open_private,
    read_json,
    write_json,
    write_whole,
)
from runferry.server.lines import LineFile
from runferry.server.names import Names, original
from runferry.server.record import RunRecord
from runferry.server.rows import RowIndex

HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
SUMMARY = "wandb-summary.json"
CONSOLE = "output.log"
RECORD = "run.json"
_FILES = "files"
_LONG_NAMES = "long-names.json"
_NEWLINE_MARK = "␤"  # for a line break inside a console line, which no known client sends


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file. `size` in bytes, `modified` in seconds since the epoch."""

    name: str
    path: Path
    size: int
    modified: float


class RunFolder:
    """See the module's docstring. Opens nothing until a method needs it."""

    def __init__(self, path: Path, record: RunRecord, names: Names, commits: Commits) -> None:
        self.path = path
        self._commits = commits.part()
        self.record = record
        self.lock = threading.RLock()
        self.deleted = False  # set by the store; a late request must not make the folder again
        self._names = names
        self._lines: dict[str, LineFile] = {}
        self._rows: dict[str, RowIndex] = {}

    @classmethod
    def load(cls, path: Path, names: Names, commits: Commits) -> RunFolder:
        """The run in the folder `path`. Raises OSError, ValueError, TypeError or KeyError where there is none."""
        return cls(path, RunRecord.from_dict(read_json(path / RECORD)), names, commits)

    def save(self, record: RunRecord) -> None:
        """Make `record` the run's, on disk and here."""
        with self.lock:
            self._must_be_there()
            write_json(self.path / RECORD, record.as_dict(), self._commits)
            self.record = record

    def _must_be_there(self) -> None:
        if self.deleted:
            raise FileNotFoundError(errno.ENOENT, "the run was deleted")

    def change(self, **values: Any) -> bool:
        """Store the values that differ from the record's; tells whether any did."""
        with self.lock:
            record = dataclasses.replace(self.record, **values)
            if record == self.record:
                return False
            self.save(record)
            return True

    def seen(self) -> None:
        """What is told of it now is on the disk before the answer goes out."""
        self._commits.seen()

    # Streams

    def lines(self, name: str) -> LineFile:
        """The stream of that name, counted. Hold `lock` while using it."""
        with self.lock:
            if name not in self._lines:
                inside = self.path if name in (HISTORY, EVENTS, CONSOLE) else self.path / "streams"
                mark = _NEWLINE_MARK if name == CONSOLE else " "
                self._lines[name] = LineFile(inside / self._names.component(name), mark, self._commits)
            self._lines[name].load()
            return self._lines[name]

    def rows(self, name: str) -> RowIndex:
        """Steps and keys of a stream of rows. Hold `lock` while using it."""
        with self.lock:
            if name not in self._rows:
                self._rows[name] = RowIndex(self.lines(name))
            return self._rows[name]

    def write_lines(self, name: str, offset: int, content: Sequence[str]) -> None:
        """Put lines into a stream. Raises `OffsetRefusedError`, `NameRefusedError` or OSError, changing nothing."""
        with self.lock:
            self._must_be_there()
            if name == SUMMARY:
                if content:
                    self.write_summary(content[-1])
                return
            lines = self.lines(name)
            if lines.count == 0:
                make_folder(lines.path.parent, self._commits)
            lines.write(offset, content)

    def write_summary(self, text: str) -> None:
        """The latest summary wins."""
        with self.lock:
            self._must_be_there()
            write_whole(self.path / SUMMARY, text.encode("utf-8", "backslashreplace"), self._commits)

    def summary_text(self) -> str:
        """The summary as it was sent; an empty object where none was."""
        try:
            with os.fdopen(open_private(self.path / SUMMARY, os.O_RDONLY), "r", encoding="utf-8") as file:
                return file.read() or "{}"
        except FileNotFoundError:
            return "{}"

    def summary(self) -> dict[str, Any]:
        """The summary as values; empty where it is no JSON object."""
        try:
            value = json.loads(self.summary_text())
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    # Signs of life

    def beat(self, now: float) -> None:
        """Note a sign of life."""
        path = self.path / "heartbeat"
        try:
            os.utime(path, (now, now))
        except FileNotFoundError:
            os.close(open_private(path, os.O_WRONLY | os.O_CREAT))
            os.utime(path, (now, now))

    def heartbeat(self) -> float:
        """When the last sign of life came."""
        try:
            return (self.path / "heartbeat").stat().st_mtime
        except OSError:
            return self.record.created

    # Files

    def place(self, name: str) -> Path:
        """Where the uploaded file `name` belongs. Raises `NameRefusedError` for one that would leave the folder."""
        path = self.path / _FILES
        for part in self._names.path(name):
            path /= part
        return path

    def adopt(self, name: str, finished: Path) -> Path:
        """Move a completely received file to its place. Raises OSError where a folder is in the way."""
        with self.lock:
            self._must_be_there()
            path = self.place(name)
            self._remember_long_name(path, name)
            if not is_plain(self.path, path.parent):
                raise FileExistsError(errno.EEXIST, "a link stands on the way", name)
            move_in(finished, path, self._commits)
            return path

    def _long_names(self) -> dict[str, str]:
        try:
            return dict(read_json(self.path / _LONG_NAMES))
        except (OSError, ValueError):
            return {}

    def _remember_long_name(self, path: Path, name: str) -> None:
        relative = path.relative_to(self.path / _FILES)
        if all(original(part) is not None for part in relative.parts):
            return
        known = self._long_names()
        if known.get(relative.as_posix()) != name:
            write_json(self.path / _LONG_NAMES, {**known, relative.as_posix(): name}, self._commits)

    def file(self, name: str) -> StoredFile | None:
        """One uploaded file, None where there is none."""
        path = self.place(name)
        try:
            stat = path.stat(follow_symlinks=False)
        except OSError:
            return None
        if not stat_module.S_ISREG(stat.st_mode) or not is_plain(self.path, path):
            return None
        return StoredFile(name, path, stat.st_size, stat.st_mtime)

    def files(self) -> list[StoredFile]:
        """All uploaded files by name."""
        root = self.path / _FILES
        long_names = self._long_names()
        found = []
        for folder, _, entries in os.walk(root) if not root.is_symlink() else ():
            for entry in entries:
                path = Path(folder, entry)
                relative = path.relative_to(root)
                parts = [original(part) for part in relative.parts]
                name = long_names.get(relative.as_posix()) or "/".join(part or "" for part in parts)
                with contextlib.suppress(OSError):  # removed meanwhile
                    stat = path.lstat()
                    if not stat_module.S_ISREG(stat.st_mode):
                        continue
                    found.append(StoredFile(name, path, stat.st_size, stat.st_mtime))
        return sorted(found, key=lambda one: one.name)

    def remove_file(self, name: str) -> bool:
        """Delete an uploaded file; tells whether it was there."""
        with self.lock:
            try:
                path = self.place(name)
                if not is_plain(self.path, path.parent):
                    return False
                path.unlink()
            except FileNotFoundError:
                return False
            self._commits.written(folders=[path.parent])
            return True

    # Alerts

    def add_alert(self, alert: dict[str, Any]) -> None:
        """Append an alert."""
        with self.lock:
            lines = self._lines.setdefault("alerts", LineFile(self.path / "alerts.jsonl", commits=self._commits))
            lines.load()
            lines.write(lines.count, [json.dumps(alert)])

    def alerts(self) -> Iterator[dict[str, Any]]:
        """All alerts, oldest first."""
        with self.lock:
            lines = self._lines.setdefault("alerts", LineFile(self.path / "alerts.jsonl", commits=self._commits))
            yield from [json.loads(line) for line in lines.iterate() if line]

    def sweep_partials(self) -> None:
        """Remove what a kill left of a file that was being written."""
        for path in self.path.glob(f".*{PARTIAL}"):
            path.unlink(missing_ok=True)

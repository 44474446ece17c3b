"""Reads a run folder of wandb 0.8 or 0.9: JSON lines and loose files, no transaction log.

`LegacyReader` honours the same contract as `LogReader`. The log that stands for the folder is
``wandb-history.jsonl``; ``wandb-events.jsonl`` and ``output.log`` are read along with it, the small files that the old
client rewrote as a whole (config, summary, metadata) each time they changed. Bytes never make it raise, and nothing
in the folder is ever written.
"""

from __future__ import annotations

import codecs
import dataclasses
import errno
import os
from array import array
from bisect import bisect_right
from pathlib import Path

from runferry.at_work import made_progress
from runferry.errors import TemporaryError
from runferry.formats.entries import Batch, ConsoleChunk, FileEntry, Gap, RunContent
from runferry.formats.legacy_lines import NOT_A_FILE, Line, LineFile
from runferry.formats.records import empty_content
from runferry.regular_files import NotRegular, open_below, read_below
from runferry.wire.scanning import READ

HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
OUTPUT = "output.log"
CONFIG = "config.yaml"
SUMMARY = "wandb-summary.json"
METADATA = "wandb-metadata.json"
LARGEST = 32 << 20  # bytes of a config, a summary or metadata
_NOT_SENT = {HISTORY, EVENTS}  # streamed: a server would take the files for the streams
_MADE = {OUTPUT, CONFIG, SUMMARY}  # made when the run ends, as for every run


def is_legacy_log(log: Path) -> bool:
    """Whether this path stands for a folder of wandb 0.8 or 0.9."""
    return log.name == HISTORY


class LegacyReader:
    """One folder. `path`: its ``wandb-history.jsonl``, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.parent
        self.torn = 0
        self._restart()

    def _restart(self) -> None:
        self.content: RunContent = empty_content()
        self.content.own_files = (METADATA,)
        self._history = LineFile(self.path)
        self._events = LineFile(self.folder / EVENTS)
        self._steps = array("q")
        self._open_gaps: list[int] = []  # those whose next row is not known yet
        self._console_at = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._seen: dict[str, tuple[int, int]] = {}  # size and time of the small files as last read
        self._known_files: set[str] = set()
        self._refused: set[str] = set()

    @property
    def position(self) -> int:
        """Byte offset in ``wandb-history.jsonl`` up to which everything was given out."""
        return self._history.position

    def read(
        self, max_bytes: int = READ, stop: int | None = None, finished: bool = False, patient: bool = False
    ) -> Batch:
        """About `max_bytes` more of each file; the contract is that of `LogReader.read`."""
        try:
            os.listdir(self.folder)  # noqa: PTH208 -- a folder that is gone or closed to us is an error, a file is not
            if not (self._history.is_same() and self._events.is_same() and self._console_is_same()):
                self._restart()
                return Batch(0, 0, replaced=True)
            self._small_files(finished)
            return self._batch(max_bytes, stop, finished)
        except OSError as cause:
            raise TemporaryError(
                "log-unreadable",
                "The run's files cannot be read",
                f"Reading {self.folder} failed: {cause.strerror or cause}.",
                "Check that the folder is there and readable; Runferry tries again by itself.",
                cause,
            ) from cause

    def _batch(self, max_bytes: int, stop: int | None, finished: bool) -> Batch:
        start = self.position
        limit = max_bytes if stop is None else max(min(max_bytes, stop - start), 0)
        batch = Batch(start, start)
        rows, rows_end = self._history.read(limit, finished)
        for row in rows:
            self._row(row, batch)
        events, events_end = self._events.read(max_bytes, finished)
        for event in events:
            self._event(event, batch)
        console_end = self._console(max_bytes, batch)
        batch.end = self.position
        if rows or events or batch.console:
            made_progress()
        is_at_stop = stop is not None and self.position >= stop
        batch.at_end = (rows_end or is_at_stop) and events_end and console_end
        self.torn = self._history.torn
        self._count()
        if batch.at_end:
            self._list_files(batch)
        batch.gaps = [gap for gap in self.content.gaps if gap.start >= start]
        return batch

    def _row(self, line: Line, batch: Batch) -> None:
        content = self.content
        if line.lost is not None:
            lost = line.lost
            if self._open_gaps and content.gaps[-1].end == lost.start:  # one gap, found in parts
                content.gaps[-1] = dataclasses.replace(content.gaps[-1], end=lost.end)
                return
            content.gaps.append(Gap(lost.start, lost.end, lost.reason, 1, content.last_step, None))
            self._open_gaps.append(len(content.gaps) - 1)
            return
        step = line.step
        batch.history.append(line.text)
        batch.steps.append(step)
        batch.places.append(line.place)
        content.rows += 1
        content.keys.update(dict.fromkeys((key,) for key in line.keys))
        self._steps.append(step if step is not None else self._steps[-1] if self._steps else -1)
        if step is None:
            return
        while self._open_gaps:
            index = self._open_gaps.pop()
            content.gaps[index] = dataclasses.replace(content.gaps[index], before_step=step)
        if content.first_step is None:
            content.first_step = step
        elif content.last_step is not None and step <= content.last_step:
            content.steps_backwards += 1
        content.last_step = step

    def _event(self, line: Line, batch: Batch) -> None:
        if line.lost is not None:
            lost = line.lost
            self.content.gaps.append(Gap(lost.start, lost.end, f"{EVENTS}: {lost.reason}"))
            return
        batch.events.append(line.text)
        self.content.events += 1

    def _console(self, limit: int, batch: Batch) -> bool:
        """More of output.log; tells whether that was its end. Old clients noted no times: the run's start stands in."""
        try:
            with open_below(self.folder, OUTPUT) as file:
                file.seek(self._console_at)
                data = file.read(limit)
        except FileNotFoundError:
            return True
        except NotRegular:
            self._refuse(OUTPUT)
            return True
        self._console_at += len(data)
        text = self._decoder.decode(data)
        if text:
            batch.console.append(ConsoleChunk(False, text, self.content.run.start_time or 0.0))
            self.content.console_chunks += 1
        return len(data) < limit

    def _console_is_same(self) -> bool:
        try:
            return (self.folder / OUTPUT).stat().st_size >= self._console_at
        except FileNotFoundError:
            return self._console_at == 0

    # -- files that are rewritten as a whole ---------------------------------------------------------------------------

    def _small_files(self, finished: bool) -> None:
        """Read what changed. A file that is just being rewritten keeps its last good state until the next look."""
        from runferry.formats import legacy_files  # brings a YAML parser: 3 MiB that only old folders need

        for name, take in (
            (METADATA, self._metadata),
            (CONFIG, self._config),
            (SUMMARY, self._summary),
        ):
            path = self.folder / name
            try:
                stat = path.stat()
                if self._seen.get(name) == (stat.st_size, stat.st_mtime_ns):
                    continue
                content = read_below(self.folder, name, LARGEST)
            except FileNotFoundError:
                continue
            except NotRegular:
                self._refuse(name)
                continue
            except OSError as error:
                if error.errno != errno.EFBIG:
                    raise
                self._refuse(name, f"larger than {LARGEST >> 20} MiB: not read")
                continue
            if take(content, finished) or finished:
                self._seen[name] = (stat.st_size, stat.st_mtime_ns)
        if not self.content.run.run_id:
            legacy_files.apply_metadata(self.content, {}, self.folder.name)

    def _metadata(self, text: bytes, finished: bool) -> bool:
        from runferry.formats import legacy_files

        found = legacy_files.parse_object(text)
        if found is None:
            self._broken(METADATA, len(text), finished)
            return False
        legacy_files.apply_metadata(self.content, found, self.folder.name)
        return True

    def _config(self, text: bytes, finished: bool) -> bool:
        from runferry.formats import legacy_files

        values, lost = legacy_files.parse_config(text)
        if lost and not finished:
            return False
        legacy_files.apply_config(self.content, values)
        if lost:
            self._broken(CONFIG, len(text), finished)
        return True

    def _summary(self, text: bytes, finished: bool) -> bool:
        from runferry.formats import legacy_files

        found = legacy_files.parse_object(text)
        if found is None:
            if text.strip():
                self._broken(SUMMARY, len(text), finished)
            return not text
        legacy_files.apply_summary(self.content, found)
        return True

    def _refuse(self, name: str, why: str = NOT_A_FILE) -> None:
        """One of the files is nothing that may be read; that costs itself, and is told once."""
        if name not in self._refused:
            self._refused.add(name)
            self.content.gaps.append(Gap(0, 0, f"{name}: {why}", None, None, None))

    def _broken(self, name: str, size: int, finished: bool) -> None:
        if finished and name not in self._seen:
            self.content.gaps.append(Gap(0, size, f"{name} cannot be read as a whole", None, None, None))

    def _count(self) -> None:
        content = self.content
        content.counts = {"history": content.rows, "stats": content.events, "output_raw": content.console_chunks}
        step = content.summary.tree().get("_step")
        if isinstance(step, str) and step.lstrip("-").isdigit():
            content.summary_rows = bisect_right(self._steps, int(step))

    def _list_files(self, batch: Batch) -> None:
        """Every other file: media are written once, the rest may change until the run is over."""
        for base, folders, names in os.walk(self.folder):
            folders.sort()
            linked = [one for one in folders if os.path.islink(os.path.join(base, one))]  # noqa: PTH114, PTH118
            for name in sorted((*names, *linked)):  # linked folders are not looked into, but told
                path = (Path(base) / name).relative_to(self.folder).as_posix()
                if path in self._known_files or path in _NOT_SENT or path in _MADE:
                    continue
                self._known_files.add(path)
                is_media = path.startswith("media/")
                batch.files.append(FileEntry(path, "now" if is_media else "end", "media" if is_media else "other"))

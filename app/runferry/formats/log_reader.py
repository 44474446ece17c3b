"""Reads one transaction log from front to back, as far as it is complete, and goes on when it has grown.

`LogReader.read` gives what is streamed as a `Batch`; what is folded into one value is in `LogReader.content`. The file
is opened for each read and never written. Used by one thread at a time. Bytes never make it raise; only a file that
cannot be opened or read does (`AppError`).
"""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from typing import Any, BinaryIO

from google.protobuf.message import DecodeError

from runferry.at_work import made_progress
from runferry.errors import PermanentError, TemporaryError
from runferry.formats import quick
from runferry.formats.broken_text import mended
from runferry.formats.entries import Batch, Gap, RunContent
from runferry.formats.gaps import GapLog
from runferry.formats.messages import RECORD
from runferry.formats.odd_values import UNKNOWN, UNWRITTEN
from runferry.formats.records import RecordFolder, empty_content
from runferry.formats.rows import RowBuilder
from runferry.regular_files import NotRegular, open_below
from runferry.right_of_way import give_way
from runferry.wire.scanning import HEADER, READ, ZEROS, Cut, Lost, Scanner

MARKED = 16  # gaps that are looked at again: whether somebody has filled them in
JOINED_WRONGLY = "pieces of two records"
OFTEN = 32  # records between two looks at whether somebody else goes first
OURS = "runferry "  # a writer's name begins so
NOT_A_RECORD = "not a record"
AT_ONCE = 256  # summaries joined: one call on them keeps every other thread waiting (some 100 microseconds)


class LogReader:
    """One log. `torn`: bytes at the end of a finished log that its writer left incomplete (no damage)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0
        self._restart()

    def _restart(self) -> None:
        self.content: RunContent = empty_content()
        self._scanner = Scanner()
        self._builder = RowBuilder(self.content.odd)
        self._folder = RecordFolder(self.content)
        self._gaps = GapLog()
        self._number = 0  # of the newest record
        self._mark: tuple[int, bytes] | None = None  # the newest record's place and header, to know the file again
        self._holes: list[tuple[int, bytes]] = []  # the same of the first gaps: a copier may come to them later
        self.content.keys = self._builder.keys
        self.content.gaps = self._gaps.gaps

    @property
    def position(self) -> int:
        """Byte offset up to which everything was given out."""
        return self._scanner.position

    def read(
        self, max_bytes: int = READ, stop: int | None = None, finished: bool = False, patient: bool = False
    ) -> Batch:
        """About `max_bytes` more of the log. What comes may be empty, where one record is longer than that or the log
        is damaged: call it again until the batch is `at_end`.

        stop: no record is given that begins there or behind. finished: the writer is known to be gone, so an
        unreadable end is reported as a gap instead of waited for. patient: wait for all that looks damaged.
        """
        try:
            with open_below(self.path.parent, self.path.name) as file:
                if not self._is_same(file):
                    self._restart()
                    return Batch(0, 0, replaced=True)
                start, looked_at = self.position, self._scanner.looked_at
                cut = self._scanner.read(file, max_bytes, stop, finished, patient)
                self._remember(file, cut)
        except NotRegular as cause:
            raise _not_a_log(self.path) from cause
        except OSError as cause:
            raise TemporaryError(
                "log-unreadable",
                "The run's log cannot be read",
                f"Reading {self.path} failed: {cause.strerror or cause}.",
                "Check that the folder is there and readable; Runferry tries again by itself.",
                cause,
            ) from cause
        if self._scanner.looked_at != looked_at:
            made_progress()
        self.torn = cut.torn
        batch = Batch(start, self.position, at_end=cut.at_end, held=cut.held)
        records, lost = _without_wrong_joints(cut.records, cut.joined, cut.lost)
        before, is_whole = self._number, not lost and not self._gaps.is_open
        self._take(records, lost, batch)
        batch.at_end = cut.at_end or cut.at_stop
        if is_whole and self.content.writer.startswith(OURS):
            self._look_for_unwritten(self._number - before - len(records))
        return batch

    def _is_same(self, file: BinaryIO) -> bool:
        """Whether the newest record is still where it was, and no gap was filled: false for a truncated, replaced or
        rewritten file, and for a copy whose parts come in any order."""
        for place, header in (*([self._mark] if self._mark else ()), *self._holes):
            file.seek(place)
            if file.read(HEADER) != header:
                return False
        return True

    def _remember(self, file: BinaryIO, cut: Cut) -> None:
        if cut.records:
            self._mark = self._header(file, cut.records[-1][0])
        for gap in cut.lost[: MARKED - len(self._holes)]:
            if gap.end - gap.start >= HEADER:
                self._holes.append(self._header(file, gap.start))

    def _header(self, file: BinaryIO, place: int) -> tuple[int, bytes]:
        file.seek(place)
        return place, file.read(HEADER)

    def _look_for_unwritten(self, missing: int) -> None:
        """The recorder numbers its records, and leaves out the number of one that a full disk did not take.

        Other writers leave out numbers for reasons of their own.
        """
        if missing > 0:
            self.content.odd.note(UNWRITTEN, count=missing)

    def _take(self, records: list[tuple[int, bytes]], lost: list[Lost], batch: Batch) -> None:
        """Records and gaps in the order in which they stand in the file."""
        done = 0
        for gap in lost:
            upto = bisect_left(records, (gap.start,), lo=done)
            self._records(records[done:upto], batch)
            done = upto
            if gap.reason != ZEROS or not (batch.at_end and done == len(records) and self.content.finished):
                self._gaps.add(gap, self._number, self.content.last_step)
        self._records(records[done:], batch)
        begin, end = batch.start, batch.end
        batch.gaps = [gap for gap in self._gaps.gaps if begin <= gap.start and (gap.start < end or batch.at_end)]

    def _records(self, records: list[tuple[int, bytes]], batch: Batch) -> None:
        """Fold records. Rows and summaries, nearly all there are, are cut out of the bytes; the rest is parsed."""
        if not records:
            return
        gaps, content = self._gaps, self.content
        summaries: list[bytes] = []
        for number, (offset, payload) in enumerate(records):
            if not number % OFTEN:
                give_way()
            if gaps.is_open:
                self._close_gap(payload)
            at, size, tag = quick.body(payload)
            if tag == quick.HISTORY:
                try:
                    self._row(payload[at : at + size], batch, offset)
                except DecodeError:
                    self._unreadable(offset, payload)
            elif tag == quick.SUMMARY:
                summaries.append(payload[at : at + size])
                content.summary_rows = content.rows
                if len(summaries) >= AT_ONCE:
                    self._summaries(summaries)
            else:
                self._parsed(offset, payload, batch, summaries)
        self._summaries(summaries)
        if content.rows:
            content.counts["history"] = content.rows
        self._number = next((number for _, payload in reversed(records) if (number := _number(payload))), self._number)

    def _close_gap(self, payload: bytes) -> None:
        number = _number(payload)
        if number:
            self._gaps.number(number)

    def _parsed(self, offset: int, payload: bytes, batch: Batch, summaries: list[bytes]) -> None:
        """A record of any kind, by way of its message class."""
        content = self.content
        record = _record(payload)
        if record is None:
            self._unreadable(offset, payload)
            return
        kind = record.WhichOneof("kind")
        if kind == "history":
            self._row(record.history.SerializeToString(), batch, offset)
        elif kind == "summary":
            summaries.append(record.summary.SerializeToString())
            content.summary_rows = content.rows
        elif kind is None or kind == "request":
            content.records_unknown += 1
            if kind is None and len(payload) > HEADER:  # an empty one says nothing, nor does a request
                content.odd.note(UNKNOWN)
        else:
            self._summaries(summaries)  # a run record may set the summary, too
            self._folder.fold(kind, record, batch)
            batch.event_places.extend([offset] * (len(batch.events) - len(batch.event_places)))

    def _unreadable(self, offset: int, payload: bytes) -> None:
        self.content.records_unreadable += 1
        lost = Lost(offset, offset + HEADER + len(payload), NOT_A_RECORD)
        self._gaps.add(lost, max(_number(payload) - 1, 0), self.content.last_step)

    def _summaries(self, bodies: list[bytes]) -> None:
        if bodies:
            counts = self.content.counts
            counts["summary"] = counts.get("summary", 0) + len(bodies)
            self.content.records_unreadable += self.content.summary.apply(bodies)
            bodies.clear()

    def _row(self, body: bytes, batch: Batch, offset: int) -> None:
        content = self.content
        line, step = self._builder.line(body)
        batch.history.append(line)
        batch.steps.append(step)
        batch.places.append(offset)
        content.rows += 1
        if step is None:
            return
        if self._gaps.is_open:
            self._gaps.step(step)
        if content.last_step is None:
            content.first_step = step
        elif step <= content.last_step:
            content.steps_backwards += 1
        content.last_step = step


def _record(payload: bytes) -> Any:
    """The message; None where it is none. A text in it that is no UTF-8 costs its broken characters."""
    try:
        return RECORD.FromString(payload)
    except DecodeError:
        pass
    found = mended(payload)
    try:
        return None if found is None else RECORD.FromString(found)
    except DecodeError:
        return None


def read_all(path: Path, finished: bool = True) -> tuple[RunContent, list[Gap]]:
    """Go through a whole log for what it says about the run; the streamed lines are dropped as they come."""
    reader = LogReader(path)
    while not reader.read(4 * READ, finished=finished).at_end:
        pass
    return reader.content, reader.content.gaps


def _not_a_log(path: Path) -> PermanentError:
    """Something else stands where the log should be; a link could lead to any log of this computer."""
    is_linked = path.is_symlink()
    return PermanentError(
        "log-not-a-file",
        "The run's log is a link" if is_linked else "The run's log is no file",
        f"{path} leads to {path.resolve()}." if is_linked else f"{path} is a pipe, a device or a socket.",
        "Name that log itself to send it, or copy it to here." if is_linked else "Bring the log back.",
    )


def _without_wrong_joints(
    records: list[tuple[int, bytes]], joined: list[int], lost: list[Lost]
) -> tuple[list[tuple[int, bytes]], list[Lost]]:
    """Leave out records that were put together from pieces of two: a block is missing between good ones.

    Framing cannot tell; but the numbers of the records before and behind a good joint run on by one.
    """
    wrong: set[int] = set()
    for place in joined:
        index = bisect_left(records, (place,))
        if index + 1 == len(records):
            continue
        number, following = _number(records[index][1]), _number(records[index + 1][1])
        if number and following and following != number + 1 and not _gap_between(lost, place, records[index + 1][0]):
            wrong.add(place)
            lost = sorted([*lost, Lost(place, records[index + 1][0], JOINED_WRONGLY)])
    return [record for record in records if record[0] not in wrong] if wrong else records, lost


def _gap_between(lost: list[Lost], start: int, end: int) -> bool:
    return any(start <= gap.start < end for gap in lost)


def _number(payload: bytes) -> int:
    """The record's number, which every writer puts first; 0 if it is not there."""
    if payload[:1] != b"\x08":
        return 0
    value = shift = 0
    for byte in payload[1:11]:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
    return 0

"""The running record of one run: rows, steps, summary and all other records, in order, under one lock.

Used from any thread, and from signal handlers and finalizers that interrupt it: what comes in while a record is being
made waits until that is done. Nothing here raises into the training; what fails is counted in `faults`. In a forked
child everything is refused.
"""

from __future__ import annotations

from time import time_ns
from typing import Any, Mapping

from runferry.recorder.console_records import ConsoleEncoder
from runferry.recorder.faults import Faults, describe
from runferry.recorder.handover import Handover
from runferry.recorder.log_writer import LogWriter
from runferry.recorder.nodes import Node
from runferry.recorder.rows import OWN_KEYS, RowEncoder
from runferry.recorder.step_metrics import StepMetrics
from runferry.recorder.summary import RunSummary
from runferry.recorder.values import SCALARS, plain, plain_row
from runferry.wire.encoding import delimited, encode, utf8

SUMMARY_INTERVAL = 1_000_000  # microseconds
LARGEST_STEP = 2**53
"""Up to here every reader of JSON is exact, and steps that count on from it fit the log's 64 bits."""
_INFO = 200


class Recording(Handover):
    """`writer` None: nothing is written (mode disabled), the summary is kept all the same.

    started: seconds since the epoch. first_step, before: where a resumed run goes on.
    """

    def __init__(
        self,
        writer: LogWriter | None,
        run_id: str,
        started: float,
        faults: Faults,
        first_step: int = 0,
        before: float = 0,
    ) -> None:
        super().__init__(faults, started, before)
        self.summary = RunSummary(self.rules, lambda value: plain(value, faults), self._summary_was_set, faults.note)
        self._step_metrics = StepMetrics(self.rules, self.summary.value_at)
        self.step = first_step
        self._writer = writer
        self._info = delimited(_INFO, delimited(1, utf8(run_id)))
        self._encoder = RowEncoder(self._info)
        self._console_encoder = ConsoleEncoder(self._info)
        self._num = 0
        self._row: dict[str, Any] = {}
        self._row_scalars = True
        self._row_time = 0
        self._last = (-1, 0, 0)  # of the last committed row: step, timestamp and runtime in microseconds
        self._summary_due = 0
        self._lost_rows = 0
        self._is_gone = False

    def log(self, data: Any, step: Any = None, commit: bool | None = None) -> None:
        """One call of `log`, with W&B's meaning of step and commit."""
        if self.refusal:
            other = self.ready("log()")
            if other is not None:
                other.log(data, step, commit)
            return
        try:
            with self._lock:
                if self._inside:
                    row = plain_row(data, self.faults)
                    if row is not None:
                        self._waiting.append(lambda: self._log(row, step, commit))
                    return
                self._inside = True
                try:
                    self._log(data, step, commit)
                finally:
                    self._inside = False
            if self._waiting:
                self._do_waiting()
        except Exception as problem:  # noqa: BLE001 - nothing of ours may reach the training
            self.faults.note("log-failed", f"a call of log() failed: {describe(problem)}")

    def _log(self, data: Any, step: Any, commit: bool | None) -> None:
        now = time_ns() // 1000
        if step is None and commit is not False and not self._row and type(data) is dict:
            try:
                items = self._encoder.quick_items(data)
            except KeyError:
                pass  # something in it is no plain scalar
            else:
                self._commit(data, items, now)
                return
        taken = _row_of(data, self.faults)
        if taken is None:
            return
        data, scalars = taken
        if step is not None:
            if type(step) is not int:
                step = _whole(step, self.step, self.faults)
            if step != self.step and not self._go_to(step):
                return
            commit = bool(commit)
        if self._row:
            self._row.update(data)
            self._row_scalars = self._row_scalars and scalars
        else:
            self._row, self._row_scalars = dict(data), scalars
        self._row_time = now
        if commit is not False:
            self._commit_open_row()

    def _commit_open_row(self) -> None:
        row, scalars = self._row, self._row_scalars
        self._row, self._row_scalars = {}, True
        items = self._encoder.quick_items(row) if scalars else self._encoder.items(row)
        self._commit(row, items, self._row_time, scalars)

    def _go_to(self, wanted: int) -> bool:
        """Move to a step, which commits the row before; False when that step is past."""
        if wanted > LARGEST_STEP:
            message = f"log() takes steps up to {LARGEST_STEP}; a row with a larger one stays at step {self.step}"
            self.faults.note("step-unusable", message)
            return True
        if wanted < self.step:
            message = f"log() was called with step {wanted} after step {self.step}; such rows are dropped"
            self.faults.note("step-in-the-past", message)
            return False
        if wanted > self.step:
            if self._row:
                self._commit_open_row()
            self.step = wanted
        return True

    def _commit(self, row: dict[str, Any], items: str, now: int, scalars: bool = True) -> None:
        """Write a row; it has reached the operating system when this returns. now: microseconds since the epoch."""
        step = self.step
        # First, so that an interrupt from here on never leads to the same step twice.
        self.step = step + 1
        if self.rules.any_step_sync:
            row = self._step_metrics.fill(row)
            items = self._encoder.items(row)
        runtime = now - self._origin if now > self._origin else 0
        if scalars and not self.rules.any_summary:
            self.summary.take_scalars(row)
        else:
            self.summary.observe(row)
        self._last = (step, now, runtime)
        if now >= self._summary_due:
            self._write_summary(now)
        self._num = num = self._num + 1
        writer = self._writer
        if writer is not None:
            written = writer.append(self._encoder.record(items, num, step, runtime, now))
            if not written or self._is_gone:
                self._count_lost()
            elif self._lost_rows:
                self._tell_loss()

    def _summary_was_set(self) -> None:
        """The script set a summary value itself: write it, unless a summary was written within the last second."""
        if self.refusal:
            self.hand_over_summary()
            return

        def write() -> None:
            now = time_ns() // 1000
            if now >= self._summary_due:
                self._write_summary(now)

        self.do(write)

    def _write_summary(self, now: int, whole_runtime: bool = False) -> None:
        self._summary_due = now + SUMMARY_INTERVAL
        summary = self.summary
        step, moment, runtime = self._last
        if step >= 0:
            summary.internal(("_step",), step)
            summary.internal(("_timestamp",), moment / 1e6)
        seconds = max(0, now - self._origin) // 1_000_000
        # wandb-core: seconds with fractions beside a row, whole ones at the end.
        summary.internal(("_runtime",), seconds if whole_runtime or step < 0 else runtime / 1e6)
        summary.internal(("_wandb", "runtime"), seconds)
        changed, removed = summary.take_changes()
        self._num += 1
        if self._writer is not None:
            if not self._append(self._encoder.encode_summary(changed, removed, self._num)):
                summary.put_back(changed, removed)
            self._write_notes(now)
            if not self._is_gone and self._writer.is_deleted():
                self._is_gone = True
                self.faults.note("log-removed", "the run's log was deleted; nothing more of this run is kept")

    def record(self, kind: str, message: Mapping[str, Any]) -> None:
        """Write one record of any other kind; `kind` and `message` as in `wire.schema`."""
        if self.refusal:
            other = self.ready(kind)
            if other is not None:
                other.record(kind, message)
            return
        self.do(lambda: self._record(kind, message))

    def _record(self, kind: str, message: Mapping[str, Any]) -> None:
        self._num += 1
        if self._writer is not None:
            self._append(encode("Record", {"num": self._num, kind: message}) + self._info)

    def console(self, is_stderr: bool, text: str, now: int) -> None:
        """One write to a console stream. now: microseconds since the epoch."""
        if self.refusal:
            return
        with self._lock:
            if not self._inside:
                self._inside = True
                try:
                    self._console(is_stderr, text, now)
                finally:
                    self._inside = False
            else:
                self._waiting.append(lambda: self._console(is_stderr, text, now))
                return
        if self._waiting:
            self._do_waiting()

    def _console(self, is_stderr: bool, text: str, now: int) -> bool:
        if self._writer is None:
            return True
        self._num += 1
        return self._append(self._console_encoder.encode(is_stderr, text, self._num, now))

    def _append(self, record: bytes) -> bool:
        assert self._writer is not None
        if self._writer.append(record):
            return True
        reason = describe(self._writer.error) if self._writer.error else "unknown"
        self.faults.note("records-lost", f"the log cannot be written: {reason}")
        return False

    def _count_lost(self) -> None:
        self._lost_rows += 1
        error = self._writer.error if self._writer is not None else None
        reason = "the log was deleted" if self._is_gone else describe(error) if error else "unknown"
        self.faults.note("rows-lost", f"rows are being lost: {reason}")

    def _tell_loss(self) -> None:
        lost, self._lost_rows = self._lost_rows, 0
        self.faults.tell(f"{lost} rows before step {self.step - 1} were lost: the log could not be written")

    def _write_notes(self, now: int) -> None:
        """Tell the log what went wrong so far, as lines on stderr; what cannot be written now is told later."""
        notes = self.faults.take_notes()
        if self.metrics_only or self._writer is None:
            return
        for at, note in enumerate(notes):
            if not self._console(True, f"runferry: {note}\n", now):
                self.faults.notes = notes[at:] + self.faults.notes
                return

    def disown(self) -> None:
        """In a forked child the log belongs to the parent."""
        super().disown()
        self._row = {}
        if self._writer is not None:
            self._writer.close()

    def end(self, exit_code: int) -> None:
        """Open row, notes, last summary and exit record; then the log is closed. Call through `do`."""
        if self._row:
            self._commit_open_row()
        if self._lost_rows:
            self._tell_loss()
        now = time_ns() // 1000
        self._write_notes(now)
        self._write_summary(now, whole_runtime=True)
        self._record("exit", {"exit_code": exit_code, "runtime": max(0, now - self._own_origin) // 1_000_000})
        if self._writer is not None:
            self._writer.close()


def _row_of(data: Any, faults: Faults) -> tuple[dict[str, Any], bool] | None:
    """What is recorded of one call's metrics, and whether all of it is plain scalars; None: nothing at all."""
    scalars = type(data) is dict and SCALARS.issuperset(map(type, data.values())) and _has_text_keys(data)
    row = data if scalars else plain_row(data, faults)
    if row is None:
        return None
    own = sorted(OWN_KEYS & row.keys())
    if own:
        faults.note("own-keys", f"log(): {', '.join(own)} are written by the recorder itself; yours are left out")
        row = {key: value for key, value in row.items() if key not in OWN_KEYS}
    return row, scalars


def _whole(step: Any, current: int, faults: Faults) -> int:
    """A step as Python's own number; the current one where it is none."""
    try:
        return int(step)
    except Exception:  # noqa: BLE001 - foreign objects do as they like when asked for their value
        faults.note("step-unusable", f"log() takes a whole number as step, not {type(step).__name__}")
        return current


def _has_text_keys(data: dict[str, Any]) -> bool:
    try:
        "".join(data)  # the quickest way to ask: raises for anything but text
    except TypeError:
        return False
    return True


def summary_json(summary: Node) -> str:
    """The content of ``wandb-summary.json``."""
    from runferry.wire.json_text import dumps

    return dumps(summary.as_dict())

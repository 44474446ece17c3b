"""Keeps the account of what a log has lost: where, why, how many records, and between which steps."""

from __future__ import annotations

import dataclasses

from runferry.formats.entries import Gap
from runferry.wire.scanning import ORPHAN, TOO_LONG, Lost


class GapLog:
    """Collects gaps; the newest stays open until the record and the row behind it are known.

    Record numbers run on by one in logs of wandb 0.13 and later and of the recorder; 0 means that there is none.
    """

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self.is_open = False  # whether a number or a step is still waited for
        self._wait_number: int | None = None  # the last number before the newest gap, while its other side is unknown
        self._first_waiting = 0  # gaps from here on do not know the step behind them

    def add(self, lost: Lost, number: int, step: int | None) -> None:
        """Bytes were lost after the record with this number and the row with this step."""
        if self.gaps and self.gaps[-1].start == lost.start:  # the unreadable end of before, better known by now
            self.gaps.pop()
            self._first_waiting = min(self._first_waiting, len(self.gaps))
        is_more = lost.reason in (ORPHAN, TOO_LONG) and self._wait_number == number
        if is_more and self.gaps and self.gaps[-1].end == lost.start:  # one gap, found in parts
            self.gaps[-1] = dataclasses.replace(self.gaps[-1], end=lost.end)
        else:
            self.gaps.append(Gap(lost.start, lost.end, lost.reason, None, step, None))
        self._wait_number = number
        self.is_open = True

    def number(self, number: int) -> None:
        """The number of the first record behind the newest gap."""
        before, self._wait_number = self._wait_number, None
        if before is not None and number > before and (before or len(self.gaps) == 1):
            self.gaps[-1] = dataclasses.replace(self.gaps[-1], records=number - before - 1)
        self.is_open = self._first_waiting < len(self.gaps)

    def step(self, step: int) -> None:
        """The step of the first row behind the gaps that wait for one."""
        for index in range(self._first_waiting, len(self.gaps)):
            self.gaps[index] = dataclasses.replace(self.gaps[index], before_step=step)
        self._first_waiting = len(self.gaps)
        self.is_open = self._wait_number is not None

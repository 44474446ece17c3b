"""Other logs in a run's folder: whether they hold anything that was not sent with the run's own log."""

from __future__ import annotations

from pathlib import Path

from runferry.errors import AppError
from runferry.formats.folder_logs import begins_alike, others_than
from runferry.formats.legacy import is_legacy_log
from runferry.formats.readers import Extent, extent, front


class OtherLogs:
    """Of one log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._alike: dict[tuple[Path, Extent, Extent], bool] = {}

    def unsent(self, sent: int) -> list[Path]:
        """Those that hold something else. sent: bytes of this very log, or of a longer copy, that were delivered.

        A copy that is shorter, or as long as what was sent, holds nothing new.
        """
        if is_legacy_log(self._log):
            return []
        return [one for one in others_than(self._log) if not self._is_sent(one, sent)]

    def _is_sent(self, other: Path, sent: int) -> bool:
        try:
            ours, theirs = extent(self._log), extent(other)
            if theirs.size > max(ours.size, sent):
                return False
            key = (other, ours, theirs)
            if key not in self._alike:
                self._alike = {one: alike for one, alike in self._alike.items() if one[0] != other}
                self._alike[key] = begins_alike(self._log, other)
            return self._alike[key]
        except OSError:
            return False


def obstacle(log: Path, others: list[Path]) -> AppError:
    """Why a run is not called verified beside these."""
    one, ours, theirs = others[0], front(log).run, front(others[0]).run
    whose = f"of run {theirs.run_id}" if theirs.run_id else "of which nobody can tell the run,"  # a link, or damaged
    is_same = theirs.run_id == ours.run_id
    what = "a log of the same run, and holds something else than" if is_same else f"a log {whose} beside"
    more = f" So do {len(others) - 1} more." if len(others) > 1 else ""
    return AppError(
        "other-log-in-folder",
        "Another log lies in the run's folder",
        f"{one.name} is {what} {log.name}: it was not sent.{more}",
        "Send it by its name with `runferry sync FOLDER/NAME.wandb`, or move it out of the folder.",
    )

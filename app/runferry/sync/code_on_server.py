"""Whether a server has the code state of this very run from another app already: two may watch one folder.

Each takes the changes of the code once, at a moment of its own, so that the descriptions differ. The first one stays.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from runferry.errors import PermanentError
from runferry.remote import run_state
from runferry.remote.answers import row
from runferry.remote.runs import Created
from runferry.remote.session import Session

log = logging.getLogger(__name__)

ABOUT = "runferry-code.json"
_SAME = 1.0  # seconds between the starts that two descriptions of one run's start tell


class CodeOnServer:
    """Asks once, and again after `ask_again`. For one log of one run."""

    def __init__(self, session: Session, run: Created) -> None:
        self._session, self._run = session, run
        self._answer: bool | None = None

    def ask_again(self) -> None:
        """What the server has may be another one than it was."""
        self._answer = None

    def without_anothers(self, kept: Mapping[str, Path], is_sent: bool) -> Mapping[str, Path]:
        """What is to be sent of the kept files; nothing where another app was first. Raises AppError.

        is_sent: ours are there, by the ledger. The description comes last: with it everything is there.
        """
        if ABOUT not in kept or is_sent:
            return kept
        if self._answer is None:
            self._answer = self._is_anothers(kept[ABOUT])
            if self._answer:
                log.info("%s: the code state that another app took is on the server", self._run.run_id)
        return {} if self._answer else {**{name: kept[name] for name in kept if name != ABOUT}, ABOUT: kept[ABOUT]}

    def _is_anothers(self, path: Path) -> bool:
        run = self._run
        try:
            there = run_state.look_up(self._session, run.entity, run.project, run.run_id).files
            content = self._session.get(there[ABOUT], ABOUT) if ABOUT in there else b""
        except PermanentError as error:  # it does not tell: ours is sent
            log.info("%s: %s", run.run_id, error)
            return False
        try:
            ours = path.read_bytes()
            return content != ours and _is_of_one_start(row(content), row(ours))
        except OSError:
            return False


def _is_of_one_start(theirs: Mapping[str, object], ours: Mapping[str, object]) -> bool:
    """Whether two descriptions are of the same start of a run, and not of the run as it was resumed later."""
    one, other = _start(theirs), _start(ours)
    return one is not None and other is not None and abs(one - other) < _SAME


def _start(about: Mapping[str, object]) -> float | None:
    taken, after = about.get("captured_at"), about.get("seconds_after_start")
    return float(taken) - float(after) if isinstance(taken, (int, float)) and isinstance(after, (int, float)) else None

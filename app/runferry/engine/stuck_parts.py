"""Tells once of each part that gets nowhere, with where its threads stand in the log, and once when it goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable

from runferry.at_work import PATIENCE, AtWork, Stuck, stacks
from runferry.engine import problems
from runferry.settings import Settings

log = logging.getLogger(__name__)


class StuckParts:
    """Asked by one thread, every few seconds. tell: what people should know, in words."""

    def __init__(self, at_work: AtWork, tell: Callable[[str], None]) -> None:
        self._at_work, self._tell = at_work, tell
        self._known: dict[tuple[str, str], Stuck] = {}

    def use(self, settings: Settings) -> None:
        """A request may take as long as the settings say: it is only stuck after that."""
        self._at_work.patience = max(PATIENCE, 2 * (settings.connect_timeout + settings.request_timeout))

    def look(self) -> None:
        """Compare with the last look."""
        found = {(one.part, one.what): one for one in self._at_work.look()}
        before, self._known = self._known, found
        for place, one in found.items():
            if place not in before:
                error = problems.part_stuck(one)
                log.warning("%s", error, extra={"below": stacks(one.threads, are_all=True)})
                self._tell(f"{error.title}. {error.message}")
        for place in before.keys() - found.keys():
            self._tell(f"Went on: {place[0]}.")

"""Pauses that a person asked for: of all servers, of one, of a run; for a time or until ended; kept over restarts.

Sends nothing and decides nothing else: a paused connection lets nobody in, a paused run rests.
"""

from __future__ import annotations

import datetime
import math
import re
from typing import TYPE_CHECKING

from runferry.credentials import known_cloud_url
from runferry.errors import UsageError
from runferry.servers import CLOUD, LOCAL, normalise_url
from runferry.state.pauses import Paused, PauseTable
from runferry.status import Word

if TYPE_CHECKING:
    from runferry.engine.engine import Engine
    from runferry.sync.connection import Connection

MORNING = 6  # o'clock, when "tomorrow" begins
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class PauseFor(Word):
    """How long, as menus offer it."""

    HALF_HOUR = "30m"
    HOUR = "1h"
    TOMORROW = "tomorrow"
    RESUMED = "resumed"  # until somebody ends it

    def until(self, now: float) -> float | None:
        """When it ends, in seconds since the epoch."""
        return end_of(self.value, now)


def end_of(text: str, now: float) -> float | None:
    """When a pause ends that is begun now: ``30m``, ``2h``, ``1d``, ``tomorrow`` (at 6:00); or ``resumed``: None.

    Raises UsageError for anything else.
    """
    told = text.strip().lower()
    if told in ("", PauseFor.RESUMED.value):
        return None
    if told == PauseFor.TOMORROW.value:
        day = datetime.datetime.fromtimestamp(now) + datetime.timedelta(days=1)
        return day.replace(hour=MORNING, minute=0, second=0, microsecond=0).timestamp()
    found = re.fullmatch(r"(\d{1,6})\s*([smhd])", told)
    if found is None:
        raise UsageError(
            "bad-duration", "For how long?", f"'{text}' is no length of time.", "Write 30m, 2h, 1d or tomorrow."
        )
    return now + int(found[1]) * _UNITS[found[2]]


class Pauses:
    """All pauses of one engine. Any thread may call."""

    def __init__(self, engine: Engine, table: PauseTable) -> None:
        self._engine, self._table = engine, table
        self._servers: dict[str, float | None] = {}
        self._runs: set[str] = set()
        self._ends: dict[str, float] = {}  # monotonic seconds

    def restore(self) -> None:
        """Take up the pauses of before; a one-shot command does not, since a person asks for what it does."""
        now = self._engine.clock.time()
        for subject, until in self._table.all(Paused.SERVER).items():
            if until is None or until > now:
                self._note(subject, until)
            else:
                self._table.drop(Paused.SERVER, subject)
        self._runs = set(self._table.all(Paused.RUN))
        for connection in self._engine.connections.all():
            self.apply(connection)

    def apply(self, connection: Connection) -> None:
        """Pause a connection that was just made, where it is meant."""
        for subject in (self._engine.connections.name_of(connection), connection.server.url, ""):
            if subject in self._servers:
                connection.pause(self._servers[subject])
                return

    def pause(self, server: str, until: float | None) -> None:
        """Pause one server (its address, ``local``), or all where none is named."""
        subject = self.named(server)
        self._note(subject, until)
        self._table.put(Paused.SERVER, subject, until)
        for connection in self._engine.connections.named(subject):
            connection.pause(until)

    def end(self, server: str) -> bool:
        """End the pause of one server, or all pauses of servers; whether there were any. Connections do not go on by
        this alone: see `Engine.try_now`."""
        subject, before = self.named(server), dict(self._servers)
        if not subject:
            ended = list(before)
        else:
            names = {subject, *(one.server.url for one in self._engine.connections.named(subject))}
            ended = [one for one in before if one in names or not one]
            if "" in ended:  # all others stay paused
                for connection in self._engine.connections.all():
                    other = self._engine.connections.name_of(connection)
                    if other not in names and other not in before:
                        self.pause(other, before[""])
        for one in ended:
            self._servers.pop(one, None)
            self._ends.pop(one, None)
            self._table.drop(Paused.SERVER, one)
        return bool(ended)

    def look(self) -> list[str]:
        """Servers ("" for all) whose pause is over by now; call now and then, and let them go on.

        By the clock on the wall, as a computer may sleep meanwhile, or by the time that has passed, as that clock may
        be set back: a pause of an hour lasts an hour.
        """
        now, passed = self._engine.clock.time(), self._engine.clock.monotonic()
        return [
            subject
            for subject, until in list(self._servers.items())
            if until is not None and (until <= now or self._ends.get(subject, math.inf) <= passed)
        ]

    def _note(self, subject: str, until: float | None) -> None:
        self._servers[subject] = until
        self._ends.pop(subject, None)
        if until is not None:
            clock = self._engine.clock
            self._ends[subject] = clock.monotonic() + until - clock.time()

    def of_servers(self) -> dict[str, float | None]:
        """What is paused until when; the empty name stands for all servers."""
        return dict(self._servers)

    @property
    def is_everything(self) -> bool:
        """Whether all servers are paused, also those that nobody has used yet."""
        return "" in self._servers

    @property
    def until(self) -> float | None:
        """When the pause of all servers ends; None where a person ends it, and where there is none."""
        return self._servers.get("")

    def named(self, server: str) -> str:
        """A server as pauses know it: empty for all, ``local``, or an address. Raises UsageError where it is none.

        The local server's address stands for ``local``: after a restart it may answer at another one.
        """
        if server == CLOUD:
            return self._engine.settings.cloud_url or known_cloud_url(self._engine.environ)
        if server in ("", LOCAL):
            return server
        url = normalise_url(server)
        return LOCAL if self._engine.connections.is_ours(url) else url

    # -- runs ---------------------------------------------------------------------------------------------------------

    def is_run_paused(self, path: str) -> bool:
        """Whether a person paused the run in this folder."""
        return path in self._runs

    def keep_run(self, path: str, paused: bool) -> None:
        """Remember that a run is paused, or not any more."""
        if paused and path not in self._runs:
            self._runs.add(path)
            self._table.put(Paused.RUN, path, None)
        elif not paused and path in self._runs:
            self._runs.discard(path)
            self._table.drop(Paused.RUN, path)

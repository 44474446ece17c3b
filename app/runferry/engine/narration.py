"""Tells in a terminal what happens to watched runs: one line per change that matters."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from runferry.counted import count_of
from runferry.engine.engine import Engine
from runferry.events import Event
from runferry.status import RunState, RunStatus, SyncState

PAUSE = 0.5  # seconds between two looks at the runs that changed
ALL = 600.0  # and at all of them
_STATES = {RunState.UNKNOWN: "silent, and nobody can tell whether it goes on"}


class Narrator:
    """Turns events into lines. Compares with what it said before, so that nothing is told twice."""

    def __init__(
        self, engine: Engine, say: Callable[[str], object], concerns: Callable[[str], bool] = lambda path: True
    ) -> None:
        self._engine = engine
        self._say = say
        self._concerns = concerns  # which runs are told of, by their folder
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._told: dict[str, tuple[str, str]] = {}
        self._changed: set[str] = set()
        self._all_due = 0.0

    def run(self, stop: threading.Event) -> None:
        """Narrate until `stop` is set (or Ctrl-C comes)."""
        unsubscribe = self._engine.bus.subscribe(self._events.put)
        try:
            while not stop.wait(0.0):
                self._tell()
                self._speak(stop)
                self._engine.look_after_local_server()
        finally:
            unsubscribe()

    def _speak(self, stop: threading.Event) -> None:
        """Pass notices on for a moment, and collect which runs changed: ten thousand are not looked at each time."""
        deadline = self._engine.clock.monotonic() + PAUSE
        while (left := deadline - self._engine.clock.monotonic()) > 0 and not stop.is_set():
            try:
                event = self._events.get(timeout=left)
            except queue.Empty:
                return
            if event.kind == "run":
                self._changed.add(event.subject)
            if event.text and (event.kind == "server" or self._concerns(event.subject)):
                self._say(event.text)

    def _tell(self) -> None:
        now = self._engine.clock.monotonic()
        if now >= self._all_due:  # an event may have been lost
            self._all_due = now + ALL
            statuses = self._engine.snapshot().runs
        else:
            statuses = self._engine.statuses(self._changed) if self._changed else ()
        self._changed.clear()
        for status in statuses:
            line = _line(status)
            if line and self._concerns(status.path) and self._told.get(status.path) != line:
                self._told[status.path] = line
                self._say(line[1])


def _line(status: RunStatus) -> tuple[str, str] | None:
    """What is worth a line, with the reason as its first part: the same reason is told once."""
    name = status.name or status.run_id or status.path
    if status.state is SyncState.PROBLEM and status.error:
        text = f"! {name}: {status.error['title']}. {status.error['message']} {status.error['todo']}"
        return status.error["slug"], text
    if status.held:
        return "held", f"… {name}: waits ({status.held}). To send it: runferry sync {status.path}"
    if status.state is SyncState.VERIFIED:
        ended, rows = _STATES.get(status.run_state, status.run_state.value), count_of(status.rows, "row")
        return f"verified {status.rows} {ended}", f"✓ {name}: {ended}, {rows} verified  {status.url}"
    if status.state is SyncState.SENT and status.error:
        why = f"{status.error['title']}. {status.error['message']} {status.error['todo']}"
        return status.error["slug"], f"↑ {name}: {count_of(status.rows, 'row')} sent, not verified. {why}  {status.url}"
    if status.run_state in (RunState.RUNNING, RunState.QUIET) and status.url and not status.error:
        return "live", f"● {name}: live  {status.url}"
    return None

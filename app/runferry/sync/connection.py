"""The retry loop of one server, shared by all its runs.

After an outage one run probes and the others wait; a login or certificate problem stops the loop until something
changes. Any thread may call; no method blocks or talks to the network.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from dataclasses import replace

from runferry.clock import Clock
from runferry.errors import AppError
from runferry.remote import runs
from runferry.remote.failures import Portal, ServerRefused, ServerTrouble, SlowDown
from runferry.remote.runs import Account
from runferry.remote.session import Session
from runferry.status import Attempt, ConnectionState, ServerStatus
from runferry.sync.attempts import Attempts
from runferry.sync.destination import Server

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
LONGEST_WAIT_LOOPBACK = 5.0
PROBE_LOOK = 1.0  # seconds between two looks whether the run that probes is done
FIRST_WAIT_REVIVED = 0.1  # a server that we start again ourselves

Notice = Callable[[str], None]

_OPEN = (ConnectionState.IDLE, ConnectionState.ONLINE)
_TRYING = (ConnectionState.RETRYING, ConnectionState.PORTAL)
_STOPPED = (ConnectionState.REFUSED, ConnectionState.UNTRUSTED)


class Connection:
    """State of the way to one server."""

    def __init__(
        self,
        server: Server,
        session: Session,
        clock: Clock,
        loopback: bool,
        notice: Notice = lambda text: None,
        chance: Callable[[], float] = random.random,
        revive: Callable[[], Server] | None = None,
    ) -> None:
        self.server = server
        self._revive = revive
        self.session = session
        self._clock = clock
        self.longest_wait = LONGEST_WAIT_LOOPBACK if loopback else LONGEST_WAIT
        self._notice = notice
        self._chance = chance
        self._lock = threading.Lock()
        self._state = ConnectionState.IDLE
        self._cause: AppError | None = None
        self._attempt = 0
        self._next = 0.0  # monotonic
        self._down_since = 0.0
        self._probing = False
        self._is_paused = False
        self._paused_until: float | None = None
        self._held = ""  # why it rests, though no person paused it
        self._account: Account | None = None
        self._attempts = Attempts()
        session.on_answer = self._recover

    def account(self) -> Account:
        """Whose key is in use; asked once. Raises AppError."""
        if self._account is None:
            self._account = runs.viewer(self.session)
        return self._account

    def use_key(self, key: str) -> None:
        """Another key from now on; whose it is will be asked."""
        self.server = replace(self.server, key=key)
        self._account = None
        self.session.use_key(key)

    def prepare(self) -> None:
        """Before a turn, while it does not answer: find or start a server that is ours to start; it may have moved.

        May take seconds. Raises ServerTrouble, or ServerRefused when another store is there now.
        """
        if self._revive is None or self._state is not ConnectionState.RETRYING:
            return
        try:
            server = self._revive()
        except AppError as error:
            raise ServerTrouble(error.slug, error.title, error.message, error.todo, error.cause) from error
        if server.identity != self.server.identity:
            raise ServerRefused(
                "store-replaced",
                "The local server has another store now",
                "The folder of the local server was replaced while Runferry ran.",
                "End Runferry and start it again: the runs are then sent to the new store.",
            )
        if server != self.server:
            self.session.move_to(server.url, server.key)
            self.server = server

    # -- asked by the scheduler ---------------------------------------------------------------------------------------

    def enter(self) -> bool:
        """May a run use the server now? While it is down only one probe at a time may. Pair with `leave`."""
        with self._lock:
            if self.is_paused:
                return False
            if self._state in _OPEN:
                return True
            due = self._state in _TRYING and self._clock.monotonic() >= self._next
            if not due or self._probing:
                return False
            self._probing = True
            return True

    def wait(self) -> float:
        """Seconds until asking again makes sense; infinite while a person is needed."""
        with self._lock:
            if self.is_paused:
                return math.inf
            if self._state in _TRYING:
                return max(self._next - self._clock.monotonic(), PROBE_LOOK if self._probing else 0.05)
            return 0.0 if self._state in _OPEN else math.inf

    def leave(self, error: BaseException | None = None) -> None:
        """The run is done with the server for now; `error` is what it ended with.

        That the server answered is learnt from the session itself, since a run's turn may end without a request.
        """
        with self._lock:
            self._probing = False
        if isinstance(error, ServerRefused):
            self._stop(error)
        elif isinstance(error, ServerTrouble):
            self._retry(error)

    # -- people -------------------------------------------------------------------------------------------------------

    def try_now(self) -> None:
        """Forget the wait, and any refusal or pause: settings or the network may have changed. Raises NeedsUser.

        Whether certificates are trusted is read anew, so that a CA that was just added counts.
        """
        if self._state in _STOPPED:
            self.session.renew()
        self.session.pace.forget()
        with self._lock:
            self._is_paused = False
            if self._state not in _OPEN:
                self._state, self._next, self._probing = ConnectionState.RETRYING, 0.0, False

    def pause(self, until: float | None = None) -> None:
        """Nothing more is sent until `try_now`; a request in hand ends by itself. until: only shown, not obeyed."""
        with self._lock:
            self._is_paused, self._paused_until = True, until

    def hold(self, why: str) -> bool:
        """As `pause`, for a reason that no person gave and that `try_now` does not end; empty: not any more. Whether
        that changed something."""
        with self._lock:
            before, self._held = self._held, why
            return before != why

    @property
    def is_paused(self) -> bool:
        """By a person, or held."""
        return self._is_paused or bool(self._held)

    @property
    def is_open(self) -> bool:
        """Any run may use it."""
        return self._state in _OPEN and not self.is_paused

    @property
    def is_stopped(self) -> bool:
        """It waits for a person, or for the network to change."""
        return self._state in _STOPPED

    def status(self, **waiting: int) -> ServerStatus:
        """What to show. waiting: `runs_waiting`, `rows_waiting`, `files_waiting`."""
        gap = self.session.pace.gap if self._state is ConnectionState.ONLINE else 0.0
        with self._lock:
            retrying = self._state in _TRYING and not self.is_paused
            ahead = self._next - self._clock.monotonic()
            return ServerStatus(
                url=self.server.url,
                state=self._shown(gap),
                cause=self._cause.as_dict() if self._cause else None,
                attempt=self._attempt,
                next_try=self._clock.time() + max(ahead, 0.0) if retrying else None,
                since=self._clock.time() - (self._clock.monotonic() - self._down_since) if self._attempt else None,
                requests_per_second=round(1 / gap, 2) if gap > 0 else None,
                page=self._cause.page if isinstance(self._cause, Portal) else "",
                proxy=self.session.proxy_shown,
                attempts=self._attempts.newest_first(),
                latency=self.session.meter.latency,
                paused_until=self._paused_until if self._is_paused else None,
                paused_because="" if self._is_paused else self._held,
                bytes_per_second=round(self.session.meter.bytes_per_second, 1),
                **waiting,
            )

    def _shown(self, gap: float) -> ConnectionState:
        if self.is_paused:
            return ConnectionState.PAUSED
        if self._state is ConnectionState.ONLINE and gap > 0:
            return ConnectionState.SLOWED
        if self._state is ConnectionState.RETRYING and isinstance(self._cause, SlowDown):
            return ConnectionState.SLOWED
        return self._state

    @property
    def cause(self) -> AppError | None:
        """Why it is not online."""
        return self._cause

    @property
    def state(self) -> ConnectionState:
        """Where the loop stands."""
        return ConnectionState.PAUSED if self.is_paused else self._state

    # -- what the server said -----------------------------------------------------------------------------------------

    def _recover(self) -> None:
        with self._lock:
            was_down = self._state in _TRYING and self._attempt > 0
            outage = self._clock.monotonic() - self._down_since
            self._state, self._cause, self._attempt, self._probing = ConnectionState.ONLINE, None, 0, False
            self._note("answered", ok=True)
        if was_down:
            self._notice(f"Network error resolved after {_duration(outage)}, resuming normal operation.")

    def _note(self, outcome: str, ok: bool = False) -> None:
        """Remember an attempt; the lock is held."""
        meter = self.session.meter
        rows = 0 if ok else meter.take_doubtful()
        self._attempts.add(Attempt(self._clock.time(), meter.what, outcome, ok, meter.seconds, rows))

    def _retry(self, error: ServerTrouble) -> None:
        with self._lock:
            is_new = self._attempt == 0
            self._note(error.title)
            if is_new:
                self._down_since = self._clock.monotonic()
            self._attempt += 1
            first = FIRST_WAIT_REVIVED if self._revive else FIRST_WAIT
            backoff = min(first * 2 ** min(self._attempt - 1, 10), self.longest_wait)
            wait = backoff * (0.75 + 0.5 * self._chance())
            if error.retry_after is not None:
                wait = max(error.retry_after, 0.1)
            state = ConnectionState.PORTAL if isinstance(error, Portal) else ConnectionState.RETRYING
            self._state, self._cause, self._probing = state, error, False
            self._next = self._clock.monotonic() + wait
        if is_new:
            self._notice(f"Network error ({kind_of(error)}), entering retry loop. {error.message}")

    def _stop(self, error: ServerRefused) -> None:
        with self._lock:
            is_new = self._cause is None or self._cause.slug != error.slug  # several runs may have asked at once
            self._note(error.title)
            untrusted = error.slug.startswith("tls")
            self._state = ConnectionState.UNTRUSTED if untrusted else ConnectionState.REFUSED
            self._cause, self._probing, self._attempt = error, False, 0
        if is_new:
            self._notice(f"{error.title}. {error.message} {error.todo}")


def kind_of(error: AppError) -> str:
    """The class name that W&B's message shows for a cause."""
    if isinstance(error.cause, BaseException):
        return type(error.cause).__name__
    return "HTTPError" if error.slug in ("server-fault", "slow-down") else "ConnectionError"


def _duration(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"

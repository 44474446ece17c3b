"""The retry loop of one server, shared by all its runs.

After an outage one run probes and the others wait; a login or certificate problem stops the loop until something
changes. Any thread may call; no method blocks or talks to the network.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable

from runferry.clock import Clock
from runferry.errors import AppError
from runferry.remote import runs
from runferry.remote.failures import ServerRefused, ServerTrouble
from runferry.remote.runs import Account
from runferry.remote.session import Session
from runferry.status import ConnectionState, ServerStatus
from runferry.sync.destination import Server

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
LONGEST_WAIT_LOOPBACK = 5.0
FIRST_WAIT_REVIVED = 0.1  # a server that we start again ourselves

Notice = Callable[[str], None]


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
        self._account: Account | None = None
        session.on_answer = self._recover

    def account(self) -> Account:
        """Whose key is in use; asked once. Raises AppError."""
        if self._account is None:
            self._account = runs.viewer(self.session)
        return self._account

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
            if self._state in (ConnectionState.IDLE, ConnectionState.ONLINE):
                return True
            due = self._state is ConnectionState.RETRYING and self._clock.monotonic() >= self._next
            if not due or self._probing:
                return False
            self._probing = True
            return True

    def wait(self) -> float:
        """Seconds until asking again makes sense; infinite while a person is needed."""
        with self._lock:
            if self._state is ConnectionState.RETRYING:
                return max(self._next - self._clock.monotonic(), 0.05)
            return 0.0 if self._state in (ConnectionState.IDLE, ConnectionState.ONLINE) else math.inf

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
        """Forget the wait, and any refusal: settings or the network may have changed."""
        with self._lock:
            if self._state is not ConnectionState.ONLINE:
                self._state, self._next, self._probing = ConnectionState.RETRYING, 0.0, False

    def status(self, runs_waiting: int = 0) -> ServerStatus:
        """What to show."""
        with self._lock:
            retrying = self._state is ConnectionState.RETRYING
            ahead = self._next - self._clock.monotonic()
            return ServerStatus(
                url=self.server.url,
                state=self._state,
                cause=self._cause.as_dict() if self._cause else None,
                attempt=self._attempt,
                next_try=self._clock.time() + max(ahead, 0.0) if retrying else None,
                since=self._clock.time() - (self._clock.monotonic() - self._down_since) if self._attempt else None,
                runs_waiting=runs_waiting,
            )

    @property
    def cause(self) -> AppError | None:
        """Why it is not online."""
        return self._cause

    @property
    def state(self) -> ConnectionState:
        """Where the loop stands."""
        return self._state

    # -- what the server said -----------------------------------------------------------------------------------------

    def _recover(self) -> None:
        with self._lock:
            was_down = self._state is ConnectionState.RETRYING and self._attempt > 0
            outage = self._clock.monotonic() - self._down_since
            self._state, self._cause, self._attempt, self._probing = ConnectionState.ONLINE, None, 0, False
        if was_down:
            self._notice(f"Network error resolved after {_duration(outage)}, resuming normal operation.")

    def _retry(self, error: ServerTrouble) -> None:
        with self._lock:
            is_new = self._attempt == 0
            if is_new:
                self._down_since = self._clock.monotonic()
            self._attempt += 1
            first = FIRST_WAIT_REVIVED if self._revive else FIRST_WAIT
            backoff = min(first * 2 ** min(self._attempt - 1, 10), self.longest_wait)
            wait = backoff * (0.75 + 0.5 * self._chance())
            if error.retry_after is not None:
                wait = max(error.retry_after, 0.1)
            self._state, self._cause, self._probing = ConnectionState.RETRYING, error, False
            self._next = self._clock.monotonic() + wait
        if is_new:
            self._notice(f"Network error ({kind_of(error)}), entering retry loop. {error.message}")

    def _stop(self, error: ServerRefused) -> None:
        with self._lock:
            is_new = self._cause is None or self._cause.slug != error.slug
            untrusted = error.slug.startswith("tls")
            self._state = ConnectionState.UNTRUSTED if untrusted else ConnectionState.REFUSED
            self._cause, self._probing = error, False
        if is_new:  # several runs may have asked at once
            self._notice(f"{error.title}. {error.message}")


def kind_of(error: AppError) -> str:
    """The class name that W&B's message shows for a cause."""
    if isinstance(error.cause, BaseException):
        return type(error.cause).__name__
    return "HTTPError" if error.slug in ("server-fault", "slow-down") else "ConnectionError"


def _duration(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"

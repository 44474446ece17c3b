"""D-Bus on a thread of its own: calls with a time limit, and signals. Where there is no bus, each call says so.

Qt's own D-Bus classes cannot send some of the types that notifications need; jeepney is pure Python and comes with
the keyring on Linux. Answers and signals arrive on the bus's thread: whoever takes them hands them on. Never used on
Windows and macOS, where every call answers that there is no bus.
"""

from __future__ import annotations

import contextlib
import heapq
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

log = logging.getLogger(__name__)

TIMEOUT = 3.0
"""Seconds until a call is given up: what is asked is local and answers in milliseconds, or hangs."""
AGAIN = 10.0
"""Seconds until a lost bus is looked for again, where somebody listens to it."""


class Which(str, Enum):
    """The two buses of a desktop."""

    SESSION = "SESSION"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True)
class Peer:
    """Whom to ask: the name on the bus, an object of it, and one of its interfaces."""

    name: str
    path: str
    interface: str


@dataclass(frozen=True)
class Reply:
    """`error`: why there is no answer; empty where there is one. `is_late`: nothing came within the time limit."""

    body: tuple[Any, ...] = ()
    error: str = ""
    is_late: bool = False


Done = Callable[[Reply], None]
Told = Callable[[tuple[Any, ...]], None]


@dataclass(frozen=True)
class _Call:
    peer: Peer
    member: str
    signature: str
    body: tuple[Any, ...]
    done: Done
    deadline: float


@dataclass(frozen=True)
class _Wanted:
    peer: Peer
    member: str
    told: Told


@dataclass
class _Open:
    """What belongs to one connection."""

    connection: Any
    waiting: dict[int, _Call] = field(default_factory=dict)
    deadlines: list[tuple[float, int]] = field(default_factory=list)


class Bus:
    """One bus. `start` and `stop` once each; every other method at any time from any thread."""

    def __init__(self, which: Which = Which.SESSION, again: float = AGAIN) -> None:
        self._which = which
        self._again = again
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._wanted: list[_Wanted] = []
        self._subscribed = 0
        self._open: _Open | None = None
        self._lost = ""
        self._next_try = 0.0
        self._is_stopping = False
        self._wake: tuple[socket.socket, socket.socket] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to answer. The bus itself is looked for when somebody needs it."""
        reading, writing = socket.socketpair()
        reading.setblocking(False)
        writing.setblocking(False)
        self._wake = (reading, writing)
        # A daemon: a bus that hangs while it is greeted cannot be interrupted, and must not keep the app from ending.
        self._thread = threading.Thread(target=self._work, args=(reading,), name="bus", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; calls without an answer get none."""
        with self._lock:
            self._is_stopping = True
        self._nudge()
        if self._thread is not None:
            self._thread.join(TIMEOUT)
        if self._wake is not None and (self._thread is None or not self._thread.is_alive()):
            for one in self._wake:
                one.close()
            self._wake = None

    def call(
        self,
        peer: Peer,
        member: str,
        signature: str = "",
        body: tuple[Any, ...] = (),
        *,
        done: Done | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        """Ask; `done` gets the answer, or why there is none, on the bus's thread, after `timeout` seconds at most."""
        call = _Call(peer, member, signature, body, done or _nobody, time.monotonic() + timeout)
        with self._lock:
            is_used = self._thread is not None and not self._is_stopping
            if is_used:
                self._calls.append(call)
        if is_used:
            self._nudge()
        else:
            call.done(Reply(error="the bus is not in use"))

    def ask(
        self, peer: Peer, member: str, signature: str = "", body: tuple[Any, ...] = (), timeout: float = TIMEOUT
    ) -> Reply:
        """Ask and wait for the answer. Never on the window's thread, and never on the bus's own."""
        found: list[Reply] = []
        over = threading.Event()

        def done(reply: Reply) -> None:
            found.append(reply)
            over.set()

        self.call(peer, member, signature, body, done=done, timeout=timeout)
        over.wait(timeout + 1)
        return found[0] if found else Reply(error="the bus does not answer", is_late=True)

    def listen(self, peer: Peer, member: str, told: Told) -> None:
        """Call `told` with the body of each such signal, on the bus's thread; also after the bus was lost and found."""
        with self._lock:
            self._wanted.append(_Wanted(peer, member, told))
            self._next_try = 0.0
        self._nudge()

    # -- on the bus's thread ------------------------------------------------------------------------------------------

    def _work(self, wake: socket.socket) -> None:
        while True:
            with self._lock:
                if self._is_stopping:
                    break
                calls, self._calls = self._calls, []
                wanted = self._wanted[:]
            self._connect(bool(calls), bool(wanted))
            try:
                self._subscribe(wanted)
                while calls:
                    self._send(calls.pop(0))
                self._receive()
            except (OSError, ValueError) as error:  # closed, or something that is no message
                self._lose(str(error) or type(error).__name__)
                for call in calls:
                    _tell(call.done, Reply(error=self._lost))
                continue
            self._give_up()
            self._sleep(wake, bool(wanted))
        self._lose("the app is ending")
        self._drop_calls()

    def _connect(self, has_calls: bool, has_wanted: bool) -> None:
        now = time.monotonic()
        if self._open is not None or not (has_calls or (has_wanted and now >= self._next_try)):
            return
        self._next_try = now + self._again
        try:
            self._open, self._lost = _Open(_connected(self._which)), ""
        except (OSError, ValueError, RuntimeError, KeyError, EOFError, ImportError) as error:
            # No address, one that cannot be read, nobody there, a refused greeting, a system without the library.
            self._lost = f"there is no {self._which.value.lower()} bus ({error or type(error).__name__})"
            log.debug("%s", self._lost)

    def _subscribe(self, wanted: list[_Wanted]) -> None:
        if self._open is None:
            return
        from jeepney import MatchRule
        from jeepney.bus_messages import message_bus

        for one in wanted[self._subscribed :]:
            rule = MatchRule(type="signal", interface=one.peer.interface, member=one.member, path=one.peer.path)
            self._open.connection.send(message_bus.AddMatch(rule))
            self._subscribed += 1

    def _send(self, call: _Call) -> None:
        if self._open is None:
            _tell(call.done, Reply(error=self._lost))
            return
        from jeepney import DBusAddress, new_method_call

        address = DBusAddress(call.peer.path, call.peer.name, call.peer.interface)
        connection = self._open.connection
        serial = next(connection.outgoing_serial)
        self._open.waiting[serial] = call
        heapq.heappush(self._open.deadlines, (call.deadline, serial))
        connection.send(new_method_call(address, call.member, call.signature or None, call.body), serial=serial)

    def _receive(self) -> None:
        """Handle everything that has come: what stays in the parser would not wake `select`."""
        while self._open is not None:
            try:
                message = self._open.connection.receive(timeout=0)
            except TimeoutError:
                return
            self._handle(message)

    def _handle(self, message: Any) -> None:
        from jeepney import HeaderFields, MessageType

        fields, kind = message.header.fields, message.header.message_type
        if kind is MessageType.signal:
            came = tuple(fields.get(key) for key in (HeaderFields.path, HeaderFields.interface, HeaderFields.member))
            with self._lock:
                wanted = self._wanted[:]
            for one in wanted:
                if came == (one.peer.path, one.peer.interface, one.member):
                    _tell(one.told, message.body)
            return
        assert self._open is not None
        call = self._open.waiting.pop(fields.get(HeaderFields.reply_serial, -1), None)
        if call is None:
            return
        if kind is MessageType.error:
            text = message.body[0] if message.body and isinstance(message.body[0], str) else ""
            _tell(call.done, Reply(error=text or str(fields.get(HeaderFields.error_name))))
        else:
            _tell(call.done, Reply(message.body))

    def _give_up(self) -> None:
        """Calls whose time is over."""
        now = time.monotonic()
        while self._open is not None and self._open.deadlines and self._open.deadlines[0][0] <= now:
            _, serial = heapq.heappop(self._open.deadlines)
            call = self._open.waiting.pop(serial, None)
            if call is not None:
                _tell(call.done, Reply(error=f"{call.peer.name} does not answer", is_late=True))

    def _lose(self, why: str) -> None:
        """The connection is of no use any more."""
        lost, self._open, self._lost, self._subscribed = self._open, None, why, 0
        if lost is None:
            return
        with contextlib.suppress(OSError):
            lost.connection.close()
        for call in lost.waiting.values():
            _tell(call.done, Reply(error=why))

    def _drop_calls(self) -> None:
        """At the end: what was asked meanwhile gets no answer any more."""
        with self._lock:
            calls, self._calls = self._calls, []
        for call in calls:
            _tell(call.done, Reply(error=self._lost))

    def _sleep(self, wake: socket.socket, has_wanted: bool) -> None:
        """Until something comes, a call is due, or a lost bus may be back."""
        due = [one[0] for one in self._open.deadlines[:1]] if self._open else [self._next_try] * has_wanted
        limit = max(0.0, due[0] - time.monotonic()) if due else None
        with selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ)
            if self._open is not None:
                selector.register(self._open.connection.sock, selectors.EVENT_READ)
            selector.select(limit)
        with contextlib.suppress(BlockingIOError):
            wake.recv(4096)

    def _nudge(self) -> None:
        wake = self._wake
        if wake is not None:
            with contextlib.suppress(OSError):  # full: it is awake already
                wake[1].send(b"x")


def _connected(which: Which) -> Any:
    from jeepney.io.blocking import open_dbus_connection

    return open_dbus_connection(which.value)


def _tell(taker: Callable[[Any], None], what: Any) -> None:
    try:
        taker(what)
    except Exception:
        log.exception("what came over the bus was not taken")


def _nobody(reply: Reply) -> None:
    """Nobody waits for the answer."""

"""The owner's side of the control channel.

One thread lets clients in; each client has one thread that reads (so that its going away is noticed) and, once it
asked, one that runs the handler. Nothing is opened before `start`; after `stop` no thread is left.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from runferry.control import door
from runferry.control.messages import MAX_REQUEST, BadMessage, Gone, Request, decode_request, receive, send
from runferry.errors import AppError, NeedsUser, PermanentError, UsageError
from runferry.paths import Home

log = logging.getLogger(__name__)

MAX_CLIENTS = 32
PROOF_TIMEOUT = 5.0
"""Seconds that a client has to prove that it knows the key."""


class Reply:
    """What a handler says to its client, from any thread.

    `cancelled` is set when the client went away or cancelled, and when the server stops: a handler ends soon then.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.cancelled = threading.Event()

    def progress(self, data: Mapping[str, Any]) -> bool:
        """Send one progress message; False, and no error, where the client is gone. Blocks while it does not read."""
        return self._send({"type": "progress", "data": dict(data)})

    def done(self, code: int, data: Mapping[str, Any] | None = None, error: AppError | None = None) -> None:
        """Send the last message."""
        told = error.as_dict() if error else None
        self._send({"type": "done", "code": code, "data": dict(data or {}), "error": told})

    def _send(self, message: Mapping[str, Any]) -> bool:
        try:
            with self._lock:
                send(self._connection, message)
        except Gone:
            self.cancelled.set()
            return False
        return True


Handler = Callable[[Request, Reply], int]
"""Runs a command on a thread of its own and returns its exit code; an AppError is passed on to the client."""


class ControlServer:
    """Answers the commands of other processes. Started and stopped once, by the holder of the lock."""

    def __init__(self, home: Home, handler: Handler) -> None:
        self._home = home
        self._handler = handler
        self._lock = threading.Lock()
        self._clients: set[_Client] = set()
        self._numbers = itertools.count(1)
        self._door: door.Door | None = None
        self._key = b""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the door and publish its address; NeedsUser where that is impossible."""
        if self._thread is not None:
            raise RuntimeError("started twice")
        try:
            self._home.state.mkdir(parents=True, exist_ok=True, mode=0o700)
            door.sweep(self._home)
            self._door = door.open_door()
            self._key = door.publish(self._home, self._door.where).key
        except OSError as error:
            if self._door is not None:
                self._door.close()
                self._door = None
            raise NeedsUser(
                "control-unavailable",
                "Other commands cannot reach this process",
                f"No local channel could be opened: {error.strerror or error}.",
                "Make the state folder and the temporary directory writable.",
                error,
            ) from error
        self._thread = threading.Thread(target=self._admit, args=(self._door,), name="control-door")
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Let nobody in any more, cancel what runs, and end; handlers have `timeout` seconds to say their last word."""
        if self._thread is None or self._door is None:
            return
        deadline = time.monotonic() + timeout
        self._door.wake()
        self._thread.join()
        self._door.close()
        self._door = self._thread = None
        door.address_file(self._home).unlink(missing_ok=True)
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.cancel()
        for client in clients:
            client.finish(deadline)

    def _admit(self, opened: door.Door) -> None:
        while (connection := opened.accept()) is not None:
            with self._lock:
                crowded = len(self._clients) >= MAX_CLIENTS
                if not crowded:
                    client = _Client(next(self._numbers), connection, self._handler, self._key, self._forget)
                    self._clients.add(client)
            if crowded:
                log.warning("control: more than %d clients at once; one was turned away", MAX_CLIENTS)
                connection.close()
                continue
            client.start()

    def _forget(self, client: _Client) -> None:
        with self._lock:
            self._clients.discard(client)


class _Client:
    """One connected client: reads its request, runs the handler, notices that it went away."""

    def __init__(
        self,
        number: int,
        connection: Connection,
        handler: Handler,
        key: bytes,
        forget: Callable[[_Client], None],
    ) -> None:
        self._connection = connection
        self._handler = handler
        self._key = key
        self._forget = forget
        self._reply = Reply(connection)
        self._reader = threading.Thread(target=self._read, name=f"control-client-{number}")
        self._worker = threading.Thread(target=self._work, name=f"control-work-{number}")
        self._request: Request | None = None

    def start(self) -> None:
        self._reader.start()

    def cancel(self) -> None:
        """The server stops: a client that has not asked yet is cut off, a handler is told."""
        self._reply.cancelled.set()
        if self._request is None:
            door.hang_up(self._connection)

    def finish(self, deadline: float) -> None:
        """Wait for the handler until `deadline` (monotonic seconds), then cut the client off."""
        me = threading.current_thread()
        if me is self._worker:
            log.error("control: the server was stopped from within a handler")
            return
        while self._worker.is_alive() and time.monotonic() < deadline:
            self._worker.join(timeout=0.05)
        door.hang_up(self._connection)
        for thread in (self._reader, self._worker):
            if thread.ident is not None:
                thread.join(timeout=max(1.0, deadline - time.monotonic()))
                if thread.is_alive():
                    log.error("control: %s does not end", thread.name)

    def _read(self) -> None:
        try:
            self._converse()
        except Gone as error:
            log.debug("control: a client went away: %s", error)
        finally:
            self._reply.cancelled.set()
            if self._request is not None:
                self._worker.join()
            with contextlib.suppress(OSError):
                self._connection.close()
            self._forget(self)

    def _converse(self) -> None:
        """Prove, take the request, then read until the client hangs up."""
        door.admit(self._connection, self._key, PROOF_TIMEOUT)
        try:
            door.await_data(self._connection, self._reply.cancelled)
            request = decode_request(receive(self._connection, MAX_REQUEST))
        except BadMessage as error:
            self._reply.done(2, error=_bad_request(error))
            door.drain(self._connection)
            return
        if self._reply.cancelled.is_set():
            return
        self._request = request
        self._worker.start()
        while True:
            try:
                door.await_data(self._connection, self._reply.cancelled)
                message = receive(self._connection, MAX_REQUEST)
            except BadMessage as error:
                log.warning("control: a message that is none: %s", error)
                raise Gone(str(error)) from error
            if message.get("type") == "cancel":
                self._reply.cancelled.set()

    def _work(self) -> None:
        assert self._request is not None
        try:
            code = self._handler(self._request, self._reply)
        except AppError as error:
            self._reply.done(2 if isinstance(error, UsageError) else 1, error=error)
        except Exception as error:
            log.exception("control: the handler of '%s' failed", self._request.command)
            self._reply.done(1, error=_bug(self._request, error))
        else:
            self._reply.done(code)
        finally:
            # What was sent can still be read; a client that lingers must not hold the reading thread.
            door.hang_up(self._connection)


def _bad_request(error: BadMessage) -> AppError:
    return UsageError(
        "bad-request",
        "The request was not understood",
        f"Runferry did not understand what the command sent: {error}.",
        "The running Runferry may be of another version: stop it and start it again.",
    )


def _bug(request: Request, error: Exception) -> AppError:
    return PermanentError(
        "internal-error",
        "That failed inside Runferry",
        f"'{request.command}' met an error that was not foreseen: {type(error).__name__}.",
        "The log of the running Runferry has the details; please report them.",
    )

"""Running the server: on a thread of its own for tests and tools, or as the whole process for `runferry serve`.

The port is bound before anything is promised, so a busy one is an error with words and not a log line.
"""

from __future__ import annotations

import asyncio
import asyncio.constants
import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import uvicorn

from runferry.errors import NeedsUser
from runferry.server.app import create_app
from runferry.server.connections import KEEP_ALIVE, Connections, room
from runferry.server.protocol import protocol_class
from runferry.server.store import Store
from runferry.server.tls import Certificate

log = logging.getLogger(__name__)
_HANDSHAKE = 10.0  # seconds for TLS to begin
_LINGER = 5  # seconds that requests have to end when the server stops


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _refused(host, port, error) from error
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: otherwise two servers can share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise _refused(host, port, error) from error
    return listener


def _refused(host: str, port: int, error: OSError) -> NeedsUser:
    busy = error.errno == errno.EADDRINUSE
    return NeedsUser(
        "port-busy" if busy else "address-refused",
        "The server cannot listen",
        f"{host}:{port} is used by another program." if busy else f"{host}:{port} cannot be used: {error}",
        "Choose another port with --port, or stop the other program." if busy else "Choose another --host or --port.",
        error,
    )


def _url(host: str, listener: socket.socket, scheme: str = "http") -> str:
    name = "127.0.0.1" if host in ("0.0.0.0", "") else "[::1]" if host == "::" else host  # noqa: S104
    name = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"{scheme}://{name}:{listener.getsockname()[1]}"


class _Server(uvicorn.Server):
    """Tells when it accepts connections."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], limits: Connections) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._limits = limits

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals ask the server to end. Unlike in the base class they are not raised again, so the store is closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._limits.stop()
        await super().shutdown(sockets)


def _server(
    store: Store, host: str, port: int, on_ready: Callable[[], None], certificate: Certificate | None = None
) -> _Server:
    limits = Connections(room())
    config = uvicorn.Config(
        create_app(store, host=host, port=port),
        http=cast("Any", protocol_class(limits)),
        backlog=128,  # so many are accepted in one go, before the first of them is counted
        log_level=logging.ERROR,  # what strangers send is not worth a line each
        ws="none",
        lifespan="off",
        loop="asyncio",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(KEEP_ALIVE),
        timeout_graceful_shutdown=_LINGER,
        ssl_certfile=certificate.certificate if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    return _Server(config, on_ready, limits)


class LocalServer:
    """A server on a thread. `url`, `port` and `key` are valid between `start` and `stop`."""

    def __init__(self, data: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        self._data = data
        self._host = host
        self._wanted_port = port
        self._store: Store | None = None
        self._listener: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""
        self.port = 0
        self.key = ""

    @property
    def store(self) -> Store:
        """The open store."""
        assert self._store is not None, "not started"
        return self._store

    def start(self) -> None:
        """Return when connections are accepted. Raises AppError: busy port, store in use or unreadable."""
        store = Store.open(self._data)
        try:
            self._listener = _bind(self._host, self._wanted_port)
        except BaseException:
            store.close()
            raise
        self._store = store
        self.key = store.key
        self.port = self._listener.getsockname()[1]
        self.url = _url(self._host, self._listener)
        ready = threading.Event()
        self._server = _server(store, self._host, self.port, ready.set)
        self._thread = threading.Thread(target=self._run, args=(ready,), name="local-server")
        self._thread.start()
        ready.wait()
        if not self._thread.is_alive():
            self.stop()
            raise RuntimeError("the server's thread ended at once; see the log")

    def _run(self, ready: threading.Event) -> None:
        assert self._server is not None
        assert self._listener is not None
        try:
            self._server.run(sockets=[self._listener])
        except Exception:
            log.exception("the local server failed")
        finally:
            ready.set()

    def stop(self, timeout: float = 10.0) -> None:
        """Let running requests end, then close the store. Harmless when not started."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive() and self._server is not None:
                self._server.force_exit = True
                self._thread.join(timeout)
        if self._listener is not None:
            self._listener.close()
        if self._store is not None:
            self._store.close()
        self._server = self._thread = self._listener = self._store = None


def serve_forever(
    data: Path,
    host: str,
    port: int,
    on_ready: Callable[[str, Store], None],
    certificate: Certificate | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; call on the main thread. `on_ready` gets address and store. Raises AppError."""
    if hasattr(os, "umask"):
        os.umask(0o077)  # this process is the server's alone: whatever it makes is its owner's
    if certificate is not None:  # connections are counted from the end of their handshake on
        asyncio.constants.SSL_HANDSHAKE_TIMEOUT = _HANDSHAKE
    store = Store.open(data)
    try:
        listener = _bind(host, port)
        try:
            url = _url(host, listener, "https" if certificate else "http")
            _server(store, host, port, lambda: on_ready(url, store), certificate).run(sockets=[listener])
        finally:
            listener.close()
    finally:
        store.close()

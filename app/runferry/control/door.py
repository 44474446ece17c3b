"""The local door of the owner: a Unix socket in a folder of its own, or a named pipe on Windows.

The address and a random key stand in ``control.json`` beside the lock, readable by the owner's account only. Both
sides prove that they know the key before anything is said, and each looks at the other's account where it can. A
socket's path may have 107 bytes at most, which a state folder can exceed, so it lies in a fresh 0700 folder under the
temporary directory.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import secrets
import select
import shutil
import socket
import stat
import struct
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing import connection as mp
from pathlib import Path
from typing import Protocol

from runferry.control.messages import Gone
from runferry.paths import Home
from runferry.regular_files import open_below
from runferry.settings.file import replace_private

log = logging.getLogger(__name__)

MAX_ADDRESS_FILE = 4096
MAX_SOCKET_PATH = 100  # 103 on macOS, 107 on Linux, with the final zero
PREFIX = "runferry-"
BACKLOG = 16
DRAIN_TIMEOUT = 1.0
DRAIN_BLOCKS = 1024


@dataclass(frozen=True)
class Address:
    """Where the owner listens. `key` is secret and not shown."""

    where: str
    key: bytes

    def __repr__(self) -> str:
        return f"Address({self.where!r})"


class Door(Protocol):
    """Lets clients in, one at a time."""

    where: str

    def accept(self) -> mp.Connection | None:
        """The next client, not proved yet; None once the door was closed."""

    def wake(self) -> None:
        """Make `accept` return None; safe from any thread."""

    def close(self) -> None:
        """Remove the door; after `accept` has returned for the last time."""


class UnixDoor:
    """A listening Unix socket; opened by the constructor, which is called when the server starts."""

    def __init__(self) -> None:
        self._folder = _socket_folder()
        self.where = str(self._folder / "control")
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.bind(self.where)
            self._socket.listen(BACKLOG)
        except OSError:
            self._socket.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._awake, self._waker = socket.socketpair()

    def accept(self) -> mp.Connection | None:
        """See Door."""
        while True:
            ready, _, _ = select.select([self._socket, self._awake], [], [])
            if self._awake in ready:
                return None
            try:
                client, _ = self._socket.accept()
            except (BlockingIOError, ConnectionError):
                continue  # it went away again
            if not is_ours(client):
                log.warning("control: a program of another account was turned away")
                client.close()
                continue
            client.setblocking(True)
            return mp.Connection(client.detach())

    def wake(self) -> None:
        """See Door."""
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def close(self) -> None:
        """See Door."""
        for one in (self._socket, self._awake, self._waker):
            one.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class PipeDoor:
    """A named pipe (Windows); not tried on Windows yet."""

    def __init__(self) -> None:
        self._listener = mp.Listener(family="AF_PIPE")
        self.where = str(self._listener.address)
        self._closing = False

    def accept(self) -> mp.Connection | None:
        """See Door."""
        connection = self._listener.accept()
        if self._closing:
            connection.close()
            return None
        return connection

    def wake(self) -> None:
        """See Door."""
        self._closing = True
        with contextlib.suppress(OSError):
            mp.Client(self.where, "AF_PIPE").close()

    def close(self) -> None:
        """See Door."""
        self._listener.close()


def open_door() -> Door:
    """The door of this platform. OSError where none can be made."""
    return PipeDoor() if sys.platform == "win32" else UnixDoor()


def _socket_folder() -> Path:
    """A fresh private folder whose path is short enough.

    The temporary directory comes before XDG_RUNTIME_DIR, which is removed at logout while a `nohup` lives on.
    """
    bases = [tempfile.gettempdir(), "/tmp", os.environ.get("XDG_RUNTIME_DIR", "")]  # noqa: S108 - mkdtemp makes it 0700
    failure: OSError | None = None
    for base in bases:
        if not base or len(os.fsencode(base)) + len(f"/{PREFIX}12345678/control") > MAX_SOCKET_PATH:
            continue
        try:
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        except OSError as error:
            failure = error
    raise failure or OSError("no temporary folder has a path short enough for a socket")


def publish(home: Home, where: str) -> Address:
    """Write where the owner listens, with a fresh key."""
    address = Address(where, secrets.token_bytes(32))
    replace_private(address_file(home), json.dumps({"address": where, "key": address.key.hex()}))
    return address


def is_ours(sock: socket.socket) -> bool:
    """Whether a program of this account is at the other end, where the system tells (Linux); elsewhere the folder's
    mode and the key keep others out."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    try:
        _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    except OSError:
        return False
    return bool(uid == os.getuid())


def _is_private(folder: Path) -> bool:
    """Whether a folder, and no link to one, is ours and nobody else may write or even look into it."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def find(home: Home) -> Address | None:
    """Where the owner says it listens; None where it does not, or where the file is not from our account."""
    try:
        with open_below(home.lock_file.parent, address_file(home).name) as file:
            if sys.platform != "win32" and os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            found = json.loads(file.read(MAX_ADDRESS_FILE))
        return Address(str(found["address"]), bytes.fromhex(found["key"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def sweep(home: Home) -> None:
    """Remove what an owner that was killed left behind; only the owner of the lock may call it."""
    left = find(home)
    address_file(home).unlink(missing_ok=True)
    if left is None or sys.platform == "win32":
        return
    folder = Path(left.where).parent
    with contextlib.suppress(OSError):
        found = folder.lstat()
        if folder.name.startswith(PREFIX) and stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
            Path(left.where).unlink(missing_ok=True)
            folder.rmdir()


def address_file(home: Home) -> Path:
    """The file with the address and the key."""
    return home.lock_file.with_name("control.json")


def knock(address: Address, timeout: float) -> mp.Connection:
    """Connect and prove the key, both ways. OSError where nobody is there, TimeoutError where nobody answers."""
    if sys.platform == "win32":
        return mp.Client(address.where, "AF_PIPE", authkey=address.key)
    if not _is_private(Path(address.where).parent):
        raise PermissionError(errno.EPERM, "the owner's socket lies where others could have put it", address.where)
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(timeout)
        plain.connect(address.where)
        if not is_ours(plain):
            raise PermissionError(errno.EPERM, "a program of another account listens there", address.where)
        plain.setblocking(True)
        connection = mp.Connection(plain.detach())
    try:
        with time_limit(connection, timeout):
            mp.answer_challenge(connection, address.key)
            mp.deliver_challenge(connection, address.key)
    except BaseException:
        connection.close()
        raise
    return connection


def admit(connection: mp.Connection, key: bytes, timeout: float) -> None:
    """The owner's side of `knock`; Gone where the client does not know the key."""
    try:
        with time_limit(connection, timeout):
            mp.deliver_challenge(connection, key)
            mp.answer_challenge(connection, key)
    except (OSError, EOFError, AuthenticationError, AssertionError, ValueError) as error:
        raise Gone(f"no proof of the key: {error}") from error


@contextlib.contextmanager
def time_limit(connection: mp.Connection, seconds: float) -> Iterator[None]:
    """Reads and writes inside raise TimeoutError instead of blocking for longer; without effect on Windows."""
    if sys.platform == "win32":
        yield
        return
    set_timeout(connection, seconds)
    try:
        yield
    except BlockingIOError as error:
        raise TimeoutError("no answer in time") from error
    finally:
        with contextlib.suppress(OSError):
            set_timeout(connection, 0)


def set_timeout(connection: mp.Connection, seconds: float) -> None:
    """Kernel time limit of a Unix socket; 0 takes it away."""
    value = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
    with socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)


def hang_up(connection: mp.Connection) -> None:
    """Make every read and write of the connection, in whatever thread, end at once; closing it stays to do."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)


def await_data(connection: mp.Connection, stopped: threading.Event) -> None:
    """On Windows, where `hang_up` cannot interrupt a read: wait for data without reading; Gone once stopped."""
    if os.name != "nt":
        return
    while not connection.poll(0.2):
        if stopped.is_set():
            raise Gone("stopped")


def drain(connection: mp.Connection) -> None:
    """Take and forget what still comes for a moment: closing a socket with unread data can cost the answer."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        with socket.socket(fileno=os.dup(connection.fileno())) as same:
            same.shutdown(socket.SHUT_WR)
        set_timeout(connection, DRAIN_TIMEOUT)
        for _ in range(DRAIN_BLOCKS):
            if not os.read(connection.fileno(), 65536):
                return

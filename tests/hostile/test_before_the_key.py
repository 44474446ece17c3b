"""What somebody without the key can do to the local server: take room, time and memory. All of it has a limit.

Real sockets to a real server; where a limit is seconds, it is shortened.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from runferry.server import connections
from runferry.server.connections import Connections, Waits, peer_of
from runferry.server.serving import LocalServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")

FILES = 256  # descriptors that the server's process may have


class Served:
    """`runferry serve` in a process of its own, with few descriptors."""

    def __init__(self, data: Path) -> None:
        def few() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))

        command = [sys.executable, "-m", "runferry", "serve", "--port", "0", "--data", str(data), "--owned"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=few)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]
        self.port = int(self.url.rpartition(":")[2])
        self.key = (data / "key").read_text().strip()
        self.data = data

    def answers(self) -> float:
        """Seconds that a request with the key takes."""
        began = time.monotonic()
        query = {"query": "{ viewer { username } }"}
        reply = requests.post(self.url + "/graphql", json=query, auth=("api", self.key), timeout=20)
        assert reply.status_code == 200
        return time.monotonic() - began

    def memory(self) -> float:
        """MiB."""
        return psutil.Process(self.process.pid).memory_info().rss / (1 << 20)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path / "store")
    yield made
    made.process.terminate()
    made.process.communicate(timeout=20)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def test_idle_connections_give_way(served: Served) -> None:
    with contextlib.ExitStack() as open_ones:
        session = open_ones.enter_context(requests.Session())
        assert session.get(served.url + "/runferry", auth=("api", served.key), timeout=20).status_code == 200
        for _ in range(1100):
            open_ones.enter_context(connect(served.port))
        assert served.answers() < 5
        assert session.get(served.url + "/runferry", timeout=20).status_code == 200  # who showed the key stays longest


DRIPPED = "POST /sign-in HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nContent-Length: 8000\r\n\r\n"


def test_bodies_and_answers_without_the_key_give_way(served: Served) -> None:
    """Each is at work, as far as the server sees, for as long as somebody adds or takes a byte now and then."""
    header = DRIPPED.format(f"127.0.0.1:{served.port}").encode()
    page = f"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode()
    with contextlib.ExitStack() as open_ones:
        for number in range(FILES):
            client = socket.socket()
            open_ones.enter_context(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            client.connect(("127.0.0.1", served.port))
            with contextlib.suppress(OSError):
                client.sendall(header + b"k" if number % 2 else 16 * page)
        assert served.answers() < 5


def said_by(client: socket.socket) -> bytes:
    """Everything until the server closes."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while more := client.recv(65536):
            said += more
    return said


def send_much(client: socket.socket, piece: bytes, times: int) -> int:
    """How many bytes were taken before the server hung up."""
    for number in range(times):
        try:
            client.sendall(piece)
        except OSError:
            return number * len(piece)
    return times * len(piece)


REQUEST = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
FIELD = "X-A: " + "a" * 60000 + "\r\n"


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (REQUEST, FIELD),
        (REQUEST + "X-A: ", "a" * 65536),
        (REQUEST, "a: b\r\n" * 10000),
        ("GET /", "a" * 65536),
        ("POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", FIELD),
        ("", "GET /runferry HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2000),
    ],
    ids=["fields", "one field", "many fields", "path", "fields behind a body", "requests sent ahead"],
)  # fmt: skip
def test_no_header_grows_without_end(served: Served, begin: str, piece: str) -> None:
    before = served.memory()
    with connect(served.port) as client:
        client.sendall(begin.encode())
        taken = send_much(client, piece.encode(), 4000)
        assert taken < 100 << 20  # of 240 MB: the rest met a closed connection
    assert served.memory() - before < 60
    assert served.answers() < 5


def test_an_answered_body_is_not_taken_for_ever(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(served.port) as client:
        client.sendall(b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n")
        taken = send_much(client, bytes(1 << 20), 2000)
        assert taken <= 400 << 20
    assert served.memory() < 200


def test_the_log_does_not_grow_with_what_strangers_send(served: Served) -> None:
    for _ in range(300):
        with connect(served.port) as client:
            client.sendall(b"nonsense\r\n\r\n")
            assert said_by(client).startswith(b"HTTP/1.1 400")
        with connect(served.port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
            client.recv(100)
    logged = sum(one.stat().st_size for one in served.data.glob("*.log*"))
    assert logged < 5000


@pytest.mark.parametrize(
    ("waits", "sent"),
    [
        (Waits.FIRST, b""),
        (Waits.HEADER, b"GET / HTTP/1.1\r\nHost: 127"),
        (Waits.NEXT, b"GET /runferry HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        (Waits.BODY, b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\nAuthorization: KEY\r\n\r\n{"),
        (Waits.REST, b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{"),
    ],
    ids=lambda one: one.name if isinstance(one, Waits) else "",
)
def test_whoever_sends_nothing_more_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: Waits, sent: bytes
) -> None:
    monkeypatch.setitem(connections._LONGEST, waits, 0.2)
    server = LocalServer(tmp_path)
    server.start()
    try:
        with connect(server.port) as client:
            client.sendall(sent.replace(b"KEY", b"Bearer " + server.key.encode()))
            began = time.monotonic()
            said_by(client)
            assert time.monotonic() - began < 8
    finally:
        server.stop()


def test_a_reader_that_takes_nothing_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections._LONGEST, Waits.ANSWER, 0.5)
    server = LocalServer(tmp_path)
    server.start()
    try:
        folder, _ = server.store.ensure_run("local", "p", "r")
        big = tmp_path / "big"
        with big.open("wb") as file:
            file.truncate(200 << 20)
        folder.adopt("big", big)
        with connect(server.port) as client:
            head = f"GET /files/local/p/r/big HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.key}\r\n\r\n"
            client.sendall(head.encode())
            client.recv(1)
            deadline = time.monotonic() + 15
            while is_connected(server.port):
                assert time.monotonic() < deadline
                time.sleep(0.05)
    finally:
        server.stop()


def is_connected(port: int) -> bool:
    """Whether this process still has a connection on the server's side."""
    found = psutil.Process().net_connections()
    return any(one.laddr.port == port and one.status == psutil.CONN_ESTABLISHED for one in found)


class Idle:
    """A connection without a socket."""

    def __init__(self, peer: str, since: float, waits: Waits = Waits.NEXT, has_shown_key: bool = False) -> None:
        self.peer, self.since, self.waits, self.has_shown_key = peer, since, waits, has_shown_key
        self.is_dropped = False

    def is_read(self) -> bool:
        return True

    def drop(self) -> None:
        self.is_dropped = True


class Loop:
    """Has time, and calls nothing."""

    def time(self) -> float:
        return 0.0

    def call_later(self, *_: object) -> None:
        return None


def test_who_gives_way_to_whom() -> None:
    limits, loop = Connections(12), Loop()
    limits.of_one_peer = 4
    friend = Idle("", 0, has_shown_key=True)
    busy = Idle("", 1, Waits.ANSWER, has_shown_key=True)
    strangers = [Idle("", 2 + number, Waits.FIRST) for number in range(10)]
    assert all(limits.opened(one, loop) for one in (friend, busy, *strangers))  # type: ignore[arg-type]
    assert limits.opened(Idle("", 50), loop)  # type: ignore[arg-type]
    assert [one.is_dropped for one in (friend, busy, *strangers)] == [False, False, True] + 9 * [False]
    assert len(limits) == 12


def test_one_peer_does_not_take_all() -> None:
    limits, loop = Connections(12), Loop()
    limits.of_one_peer = 4
    busy = [Idle("192.0.2.1", number, Waits.ANSWER, has_shown_key=True) for number in range(4)]
    assert all(limits.opened(one, loop) for one in busy)  # type: ignore[arg-type]
    assert not limits.opened(Idle("192.0.2.1", 9), loop)  # type: ignore[arg-type]
    assert limits.opened(Idle("192.0.2.2", 9), loop)  # type: ignore[arg-type]
    limits.closed(busy[0])
    assert limits.opened(Idle("192.0.2.1", 9), loop)  # type: ignore[arg-type]


def test_what_counts_as_one_peer() -> None:
    assert peer_of("127.0.0.9") == peer_of("::1") == peer_of("::ffff:127.0.0.1") == ""
    assert peer_of("::ffff:192.0.2.1") == peer_of("192.0.2.1") != ""
    assert peer_of("2001:db8::1") == peer_of("2001:db8::ffff:1") != peer_of("2001:db8:1::1")
    assert peer_of("fe80::1%eth0")

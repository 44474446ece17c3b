"""The control channel over real sockets: requests, progress, cancelling, bad input, stopping."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runferry.control import ControlClient, ControlServer, Request
from runferry.control import door as doors
from runferry.control.messages import MAX_REQUEST
from runferry.control.server import MAX_CLIENTS, Handler, Reply
from runferry.errors import NeedsUser, TemporaryError, UsageError
from runferry.paths import Home, find_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home({"RUNFERRY_HOME": str(tmp_path / "home")})


@contextmanager
def serving(home: Home, handler: Handler) -> Iterator[ControlServer]:
    server = ControlServer(home, handler)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def client(home: Home) -> ControlClient:
    found = ControlClient.connect(home)
    assert found is not None
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def failure_of(one: ControlClient) -> str:
    try:
        one.request("sync")
    except TemporaryError as error:
        return error.slug
    return ""


def closed(raw: socket.socket) -> bool:
    try:
        return not raw.recv(4096)
    except ConnectionError:
        return True


def echo(request: Request, reply: Reply) -> int:
    for number in range(3):
        reply.progress({"number": number, "arguments": request.arguments})
    reply.progress({"cwd": request.cwd, "env": dict(request.environ)})
    return 7


def test_a_request_its_progress_and_the_exit_code(home: Home, tmp_path: Path) -> None:
    heard: list[dict[str, object]] = []
    environ = {
        "WANDB_API_KEY": "k" * 40,
        "NETRC": "/n",
        "PATH": "/bin",
        "RUNFERRY_HOME": "/h",
        "RUNFERRY_SERVER": "local",
    }
    with serving(home, echo), client(home) as one:
        answer = one.request(
            "sync", {"paths": ["ü", "a\udcff"]}, on_progress=heard.append, cwd=tmp_path, environ=environ
        )
    assert answer.code == 7
    assert answer.error is None
    assert [each.get("number") for each in heard[:3]] == [0, 1, 2]
    assert heard[0]["arguments"] == {"paths": ["ü", "a\udcff"]}
    assert heard[3] == {
        "cwd": str(tmp_path),
        "env": {"WANDB_API_KEY": "k" * 40, "NETRC": "/n", "RUNFERRY_SERVER": "local"},
    }


def test_nobody_there(home: Home) -> None:
    assert ControlClient.connect(home) is None
    with serving(home, echo):
        pass
    assert ControlClient.connect(home) is None
    assert not doors.address_file(home).exists()


def test_what_lies_on_disk_is_private_and_removed(home: Home) -> None:
    with serving(home, echo):
        assert stat.S_IMODE(doors.address_file(home).stat().st_mode) == 0o600
        folder = Path(doors.find(home).where).parent  # type: ignore[union-attr]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_a_state_folder_with_a_very_long_path(tmp_path: Path) -> None:
    home = find_home({"RUNFERRY_HOME": str(tmp_path / ("x" * 120))})
    with serving(home, echo), client(home) as one:
        assert one.request("status").code == 7


def test_errors_of_the_handler_reach_the_client(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    def failing(request: Request, reply: Reply) -> int:
        if request.command == "usage":
            raise UsageError("no-run", "No run there", "m", "t")
        if request.command == "needs":
            raise NeedsUser("no-key", "No key", "m", "t")
        raise RuntimeError("SECRET")

    with serving(home, failing):
        answers = {}
        for command in ("usage", "needs", "bug"):
            with client(home) as one:
                answers[command] = one.request(command)
    assert [answers[name].code for name in ("usage", "needs", "bug")] == [2, 1, 1]
    assert answers["usage"].error["slug"] == "no-run"  # type: ignore[index]
    assert answers["bug"].error["slug"] == "internal-error"  # type: ignore[index]
    assert "SECRET" not in str(answers["bug"])
    assert "SECRET" in caplog.text


def test_a_client_that_goes_away_cancels_its_command(home: Home) -> None:
    entered, cancelled = threading.Event(), threading.Event()
    failures: list[str] = []

    def patient(request: Request, reply: Reply) -> int:
        entered.set()
        if reply.cancelled.wait(10):
            cancelled.set()
        assert not reply.progress({"to": "nobody"})
        return 0

    with serving(home, patient):
        one = client(home)
        asking = threading.Thread(target=lambda: failures.append(failure_of(one)))
        asking.start()
        assert entered.wait(10)
        doors.hang_up(one._connection)
        assert cancelled.wait(10)
        asking.join(10)
        assert failures == ["owner-gone"]
        one.close()


def test_cancel_still_gets_the_last_word(home: Home) -> None:
    entered = threading.Event()

    def patient(request: Request, reply: Reply) -> int:
        entered.set()
        assert reply.cancelled.wait(10)
        return 130

    with serving(home, patient), client(home) as one:
        answers = []
        asking = threading.Thread(target=lambda: answers.append(one.request("sync")))
        asking.start()
        assert entered.wait(10)
        one.cancel()
        asking.join(10)
        assert answers[0].code == 130


def test_many_clients_at_once(home: Home) -> None:
    codes: list[int] = []

    def ask(number: int) -> None:
        with client(home) as one:
            heard: list[dict[str, object]] = []
            codes.append(one.request("x", {"n": number}, on_progress=heard.append).code)
            assert {json.dumps(each["arguments"]) for each in heard[:3]} == {json.dumps({"n": number})}

    with serving(home, echo):
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert codes == [7] * 20


def test_more_clients_than_allowed_are_turned_away_and_it_recovers(home: Home) -> None:
    with serving(home, echo) as server:
        lingering = [client(home) for _ in range(MAX_CLIENTS)]
        wait_for(lambda: len(server._clients) == MAX_CLIENTS)
        assert ControlClient.connect(home) is None
        for one in lingering:
            one.close()
        wait_for(lambda: not server._clients)
        with client(home) as one:
            assert one.request("x").code == 7


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[1]", b"\xff\x00", b'{"type": "request"}', b'{"type": "request", "command": 1}', b"[" * 50_000,
     b'{"type": "request", "command": "x", "env": {"A": 1}}', b'{"type":"request","command":"x","arguments":[]}'],
)  # fmt: skip
def test_malformed_requests_are_answered(home: Home, data: bytes) -> None:
    with serving(home, echo):
        with client(home) as one:
            one._connection.send_bytes(data)
            told = json.loads(one._connection.recv_bytes())
        assert told["code"] == 2
        assert told["error"]["slug"] == "bad-request"
        with client(home) as one:
            assert one.request("x").code == 7, "it still serves"


def test_a_request_that_is_too_long(home: Home) -> None:
    with serving(home, echo):
        with client(home) as one, pytest.raises(UsageError):
            one.request("x", {"long": "x" * MAX_REQUEST})
        with client(home) as one:
            one._connection.send_bytes(b"x" * (MAX_REQUEST + 1))
            assert json.loads(one._connection.recv_bytes())["error"]["slug"] == "bad-request"


def test_who_does_not_know_the_key_is_not_served(home: Home) -> None:
    served = []
    with serving(home, lambda request, reply: served.append(request) or 0):
        path = doors.address_file(home)
        found = json.loads(path.read_text())
        path.write_text(json.dumps({**found, "key": "00" * 32}))
        assert ControlClient.connect(home) is None
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(found["address"])
            raw.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"x" * 1000)
            raw.settimeout(10)
            wait_for(lambda: closed(raw))
    assert served == []


def test_an_owner_that_hangs_is_told_from_one_that_is_gone(home: Home, tmp_path: Path) -> None:
    home.state.mkdir(parents=True)
    where = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(where))
        deaf.listen()
        doors.publish(home, str(where))
        with pytest.raises(TemporaryError) as caught:
            ControlClient.connect(home, timeout=0.1)
        assert caught.value.slug == "owner-silent"
    assert ControlClient.connect(home) is None


def test_stop_cancels_what_runs_and_lets_it_say_its_last_word(home: Home) -> None:
    entered = threading.Event()

    def patient(request: Request, reply: Reply) -> int:
        entered.set()
        assert reply.cancelled.wait(10)
        return 5

    answers = []
    server = ControlServer(home, patient)
    server.start()
    silent = client(home)  # connected, and never asks anything
    with client(home) as one:
        asking = threading.Thread(target=lambda: answers.append(one.request("sync")))
        asking.start()
        assert entered.wait(10)
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < 4
        asking.join(10)
    silent.close()
    assert answers[0].code == 5
    server.stop()


def test_a_client_that_does_not_read_does_not_hold_up_stop(home: Home) -> None:
    entered = threading.Event()

    def talkative(request: Request, reply: Reply) -> int:
        entered.set()
        while reply.progress({"much": "x" * 100_000}):
            pass
        return 0

    server = ControlServer(home, talkative)
    server.start()
    one = client(home)
    one._connection.send_bytes(b'{"type": "request", "command": "x"}')
    assert entered.wait(10)
    server.stop(timeout=0.2)
    one.close()


def test_what_a_killed_owner_left_is_removed(home: Home) -> None:
    left = doors.UnixDoor()
    home.state.mkdir(parents=True)
    doors.publish(home, left.where)
    left._socket.close()
    left._awake.close()
    left._waker.close()
    assert os.path.exists(left.where)
    with serving(home, echo), client(home) as one:
        assert one.request("x").code == 7
    assert not os.path.exists(os.path.dirname(left.where))

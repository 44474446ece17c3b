"""A second start, with a real lock and a real control channel."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runferry.control import ControlServer, Occupied, Owner, Reply, Request
from runferry.desktop.system.instance import Start, accept_token, claim, wait_until_free
from runferry.errors import AppError, UsageError
from runferry.paths import Home, find_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home({"RUNFERRY_HOME": str(tmp_path / "home")})


@contextmanager
def running(home: Home, kind: str, handler: Callable[[Request, Reply], int]) -> Iterator[Owner]:
    """A Runferry that owns the state folder and answers."""
    with Owner(home, kind) as owner:
        server = ControlServer(home, handler)
        server.start()
        try:
            yield owner
        finally:
            server.stop()


def test_nobody_is_there(home: Home) -> None:
    assert claim(home, {}).start is Start.FIRST


@pytest.mark.parametrize(
    ("environ", "token"),
    [
        ({}, ""),
        ({"XDG_ACTIVATION_TOKEN": "t1", "DESKTOP_STARTUP_ID": "t2"}, "t1"),
        ({"DESKTOP_STARTUP_ID": "t2"}, "t2"),
    ],
)
def test_the_app_that_runs_is_raised(home: Home, environ: dict[str, str], token: str) -> None:
    asked: list[tuple[str, object]] = []

    def answer(request: Request, reply: Reply) -> int:
        asked.append((request.command, request.arguments["token"]))
        return 0

    with running(home, "app", answer):
        found = claim(home, environ)
    assert (found.start, found.owner is not None and found.owner.pid) == (Start.RAISED, os.getpid())
    assert asked == [("show", token)]


def test_a_watch_hands_over(home: Home) -> None:
    asked: list[str] = []
    going = threading.Event()

    def answer(request: Request, reply: Reply) -> int:
        asked.append(request.command)
        going.set()
        return 0

    found = []
    with running(home, "watch", answer):
        starting = threading.Thread(target=lambda: found.append(claim(home, {})))
        starting.start()
        assert going.wait(20)
        assert found == []  # not before the folder is free
    starting.join(20)
    assert [one.start for one in found] == [Start.FIRST]
    assert asked == ["hand-over"]


def test_a_watch_that_does_not_go_is_said(home: Home) -> None:
    with running(home, "watch", lambda *_: 0), pytest.raises(Occupied, match="`watch`"):
        claim(home, {}, patience=0.1)


def test_an_older_version_that_knows_no_such_thing_is_said(home: Home) -> None:
    def answer(request: Request, reply: Reply) -> int:
        raise UsageError("unknown-command", "It does not know this", "It was asked.", "End it.")

    with running(home, "watch", answer), pytest.raises(AppError) as raised:
        claim(home, {})
    assert raised.value.slug == "unknown-command"


@pytest.mark.parametrize("kind", ["sync", "verify", "watch --once"])
def test_a_command_in_a_terminal_is_waited_for(home: Home, kind: str) -> None:
    with Owner(home, kind):
        found = claim(home, {})
        assert (found.start, found.owner is not None and found.owner.kind) == (Start.BUSY, kind)
        assert not wait_until_free(home, lambda: True)
    assert wait_until_free(home)


def test_one_that_is_just_starting_is_waited_for(home: Home) -> None:
    found = []
    with Owner(home, "app"):  # it has the lock, and does not listen yet
        starting = threading.Thread(target=lambda: found.append(claim(home, {})))
        starting.start()
        server = ControlServer(home, lambda *_: 0)
        server.start()
        starting.join(20)
        server.stop()
    assert [one.start for one in found] == [Start.RAISED]


def test_one_that_never_listens_is_said(home: Home) -> None:
    with Owner(home, "app"), pytest.raises(Occupied):
        claim(home, {}, patience=0.1)


def test_a_token_is_left_where_qt_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN", raising=False)
    accept_token("")
    assert "XDG_ACTIVATION_TOKEN" not in os.environ
    accept_token("t1")
    assert os.environ["XDG_ACTIVATION_TOKEN"] == "t1"

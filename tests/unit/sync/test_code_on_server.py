"""Whose code state a server has: the same start's from another app stays, any other is replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runferry.errors import PermanentError
from runferry.remote import run_state
from runferry.remote.run_state import RemoteCode
from runferry.remote.runs import Created
from runferry.sync.code_on_server import ABOUT, CodeOnServer


class Server:
    """Has one description, or none; counts who asks."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.asked = 0

    def get(self, url: str, what: str) -> bytes:
        assert url == "where"
        assert self.content is not None
        return self.content

    def look_up(self, session: object, *name: str) -> RemoteCode:
        self.asked += 1
        return RemoteCode("", {} if self.content is None else {ABOUT: "where"})


def about(taken: float, after: float) -> bytes:
    return json.dumps({"captured_at": taken, "seconds_after_start": after}).encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(run_state, "look_up", made.look_up)
    return made


@pytest.fixture
def kept(tmp_path: Path) -> dict[str, Path]:
    found = {name: tmp_path / name for name in ("diff.patch", ABOUT, "upstream_diff_1.patch")}
    found[ABOUT].write_bytes(about(1000.5, 0.5))
    return found


def asking(server: Any) -> CodeOnServer:
    return CodeOnServer(server, Created("id", "me", "demo", "r1", 0))


@pytest.mark.parametrize(
    ("there", "is_left"),
    [
        (None, False),
        (about(1000.5, 0.5), False),  # ours: the ledger was lost, or the app died before it noted it
        (about(1007.25, 7.25), True),
        (about(1000.5, 9.0), False),  # of the run as it was before it was resumed
        (b"cut off {", False),
        (b'["no object"]', False),
        (b'{"captured_at": "x"}', False),
    ],
)
def test_what_another_app_sent_of_the_same_start_is_left(
    server: Server, kept: dict[str, Path], there: bytes | None, is_left: bool
) -> None:
    server.content = there
    code = asking(server)
    expected = [] if is_left else ["diff.patch", "upstream_diff_1.patch", ABOUT]
    assert list(code.without_anothers(kept, is_sent=False)) == expected
    assert list(code.without_anothers(kept, is_sent=False)) == expected
    assert server.asked == 1
    code.ask_again()
    server.content = about(1003.0, 3.0)
    assert list(code.without_anothers(kept, is_sent=False)) == []


def test_nobody_is_asked_where_ours_was_sent_or_nothing_was_taken(server: Server, kept: dict[str, Path]) -> None:
    assert asking(server).without_anothers(kept, is_sent=True) == kept
    assert asking(server).without_anothers({}, is_sent=False) == {}
    assert not server.asked


def test_a_server_that_does_not_tell_gets_ours(
    server: Server, kept: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> RemoteCode:
        raise PermanentError("no", "No", "It does not say.", "Nothing.")

    monkeypatch.setattr(run_state, "look_up", refuse)
    assert set(asking(server).without_anothers(kept, is_sent=False)) == set(kept)

"""PAC scripts are somebody else's programs: bounded in time and memory, told nothing secret, and never trusted to say
an address that is none."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runferry.remote import pac, pac_script
from runferry.remote.pac import Pac, PacTrouble, first_of
from support.lying import Lying, bomb, head, packed
from support.raw_server import reply

URL = "https://wandb.example/secret/path?token=1"


def script(folder: Path, body: str) -> Pac:
    path = folder / "proxy.pac"
    path.write_text(f"function FindProxyForURL(url, host) {{ {body} }}")
    return Pac(str(path))


@pytest.mark.parametrize(
    "body",
    [
        "var a = []; while (true) a.push(new Array(1000000).join('x'));",
        "var s = 'x'; while (true) s += s;",
        "function f() { return f() + 1; } return f();",
        "throw new Error('\\u001b[2J');",
        "return null.x;",
        "return {toString: function() { return 'PROXY a:1'; }};",
    ],
)
def test_a_script_that_is_no_good_is_an_error_with_a_name(tmp_path: Path, body: str) -> None:
    before = psutil.Process().memory_info().rss
    with pytest.raises(PacTrouble) as caught:
        script(tmp_path, body).proxy_for(URL)
    assert psutil.Process().memory_info().rss - before < 100 << 20
    assert "\x1b" not in str(caught.value)


def test_a_script_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pac, "PATIENCE", 1.5)
    began = time.monotonic()
    with pytest.raises(PacTrouble, match=r"within 2 seconds|time or memory"):
        script(tmp_path, "while (true) {}").proxy_for(URL)
    assert time.monotonic() - began < 6
    assert not [one for one in psutil.Process().children() if pac_script.FLAG in one.cmdline()]


def test_a_script_is_told_no_key_and_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter gives scripts the environment of its process, and a script may look names up."""
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s" * 40)
    seen = "typeof process === 'undefined' ? '' : JSON.stringify(process)"
    known = f"(({seen}).indexOf('kkkk') < 0 && ({seen}).indexOf('ssss') < 0)"
    body = f"return {known} && url === 'https://wandb.example/' ? 'PROXY safe:1' : 'PROXY told:1';"
    assert script(tmp_path, body).proxy_for(URL) == "http://safe:1"


def test_a_script_writes_no_file(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("bounded by the system where it can")
    before = set(tmp_path.iterdir())
    assert script(tmp_path, "console.log(new Array(100000).join('x')); return 'DIRECT';").proxy_for(URL) is None
    assert {one.name for one in set(tmp_path.iterdir()) - before} == {"proxy.pac"}


def test_answers_are_kept_so_that_a_request_costs_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = pac._evaluate
    monkeypatch.setattr(pac, "_evaluate", lambda *args: asked.append(args) or real(*args))
    found = script(tmp_path, "return 'PROXY p:1';")
    for path in range(100):
        assert found.proxy_for(f"https://wandb.example/{path}") == "http://p:1"
    assert found.proxy_for("https://other.example/") == "http://p:1"
    assert len(asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        "PROXY a b:1",
        "PROXY user:pass@a:1",
        "PROXY a:1/path",
        "PROXY a:99999",
        "PROXY [::1",
        "PROXY \x1b[2J:1",
        "PROXY a\r\nHost: b",
        "FILE /etc/passwd",
        "PROXY",
        "",
        "x" * 100_000,
    ],
)
def test_what_is_no_address_is_passed_over(answer: str) -> None:
    assert first_of(answer) is None
    assert first_of(f"{answer}; PROXY b:2") in ("http://b:2", None)


def test_a_script_that_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(8 << 30)
    for path in (tmp_path / "pipe", tmp_path / "huge", Path("/dev/zero"), tmp_path, tmp_path / "missing"):
        began = time.monotonic()
        with pytest.raises(PacTrouble):
            Pac(str(path)).proxy_for(URL)
        assert time.monotonic() - began < 2


def _endless(request: bytes) -> Iterator[bytes]:
    yield head()
    while True:
        yield b" " * (1 << 20)


def test_a_script_that_is_fetched_without_end() -> None:
    for answer in (_endless, lambda request: packed(bomb(200 << 20)), lambda request: reply(404)):
        with Lying(answer) as server:
            with pytest.raises(PacTrouble):
                Pac(f"{server.url}/proxy.pac").proxy_for(URL)
            assert server.sent < 64 << 20


@pytest.mark.parametrize("location", ["/again", "file:///etc/passwd", "http://[", ""])
def test_redirects_lead_nowhere_odd_and_have_an_end(location: str) -> None:
    with Lying(lambda request: reply(302, b"", f"Location: {location}")) as server:
        with pytest.raises(PacTrouble):
            Pac(f"{server.url}/proxy.pac").proxy_for(URL)
        assert len(server.requests) <= pac._HOPS

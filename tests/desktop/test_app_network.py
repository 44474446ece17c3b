"""Servers as a person meets them in the window: one that goes and comes back, a company's with its own CA, a key."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop.rig.accessible import Eyes
from desktop.rig.app import RUNFERRY, App, running
from desktop.rig.desktop import Desktop
from desktop.rig.part import Part, until
from desktop.rig.pointer import Pointer
from desktop.rig.using import go, named, names, press, registered, says, told
from support.company import Company, Proxy, TlsServer, forward

TRAINING = """
import sys, runferry
with runferry.init(project="vision", id=sys.argv[1], dir=sys.argv[2], mode="online"):
    for step in range(12):
        runferry.log({"loss": 1 / (step + 1)})
"""
HOST = "wandb.company.test"
FIND = """
import keyring, sys
print(keyring.get_password("runferry", sys.argv[1]))
"""


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder that trainings write into."""
    made = tmp_path / "runs"
    made.mkdir()
    return made


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(desktop: Desktop, store: Path, port: int) -> Iterator[Part]:
    """A server in a process of its own, with a store of its own."""
    home = {**desktop.environ, "RUNFERRY_HOME": str(store.parent / "server-home")}
    words = [*RUNFERRY, "serve", "--data", str(store), "--port", str(port)]
    made = Part("serve", words, home, store.parent).start(b"")
    try:
        until(lambda: answers(port), f"the server answers: {made.text()}", 30)
        yield made
    finally:
        made.stop()


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def rows_of(store: Path) -> int:
    """How many rows the server has, from its files."""
    return sum(len(one.read_bytes().splitlines()) for one in store.rglob("wandb-history.jsonl"))


def state(app: App, url: str) -> str:
    """How the app says that a server is; empty where it does not use it."""
    return next((str(one["state"]) for one in app.status()["servers"] if one["url"] == url), "")


def test_a_server_goes_and_comes_back_while_the_network_page_is_watched(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path
) -> None:
    store, port = tmp_path / "store", free_port()
    url = f"http://127.0.0.1:{port}"
    with serving(desktop, store, port):
        key = (store / "key").read_text().strip()
    environ = {"WANDB_BASE_URL": url, "WANDB_API_KEY": key, "RUNFERRY_FOLDERS": str(runs)}
    with running(desktop, tmp_path / "app", **environ) as app:
        window = named(app.window(eyes), "Runferry")
        go(window, "Network")
        with serving(desktop, store, port):
            desktop.python(TRAINING, "first", str(runs))
            says(window, "Online")
            until(lambda: rows_of(store) == 12, "the run came")
        desktop.python(TRAINING, "second", str(runs))
        seen = says(window, "Retrying", "next in 0:", "waiting: 1 run")
        assert url.partition("://")[2] in seen
        first = next(one for one in seen.splitlines() if "next in 0:" in one)
        until(lambda: first not in told(window), "the countdown goes on")
        registered(desktop, app)
        with serving(desktop, store, port):
            press(window, "Try now")
            says(window, "Online")
            until(lambda: rows_of(store) == 24, "what waited is sent")
            assert "Retrying" not in names(window)
        assert app.text() == ""


def test_a_companys_server_is_trusted_and_its_key_kept_through_the_window(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path
) -> None:
    store, port, url = tmp_path / "store", free_port(), f"https://{HOST}"
    company = Company(tmp_path)
    with (
        serving(desktop, store, port),
        TlsServer(company.good(HOST), forward(port)) as server,
        Proxy(server.port) as proxy,
        running(
            desktop, tmp_path / "app", RUNFERRY_FOLDERS=str(runs), RUNFERRY_SERVER=url, HTTPS_PROXY=proxy.url
        ) as app,
    ):
        key = (store / "key").read_text().strip()
        window = named(app.window(eyes), "Runferry")
        registered(desktop, app)
        enter(desktop, eyes, app, key)
        until(lambda: desktop.python(FIND, url).strip() == "None", "no key before the server is trusted")

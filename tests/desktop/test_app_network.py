"""Servers as a person meets them in the window: one that goes and comes back, a company's with its own CA, a key."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop.rig.accessible import Eyes
from desktop.rig.app import RUNFERRY, App, running
from desktop.rig.desktop import Desktop
from desktop.rig.part import Part, until
from desktop.rig.using import go, named, names, press, registered, says, told
from desktop.test_app_drop import drag, source
from support.company import Company, Proxy, TlsServer, forward

TRAINING = """
import sys, runferry
with runferry.init(project="vision", id=sys.argv[1], dir=sys.argv[2], mode="online"):
    for step in range(12):
        runferry.log({"loss": 1 / (step + 1)})
"""
KEEP = "import keyring, sys; keyring.set_password('runferry', sys.argv[1], sys.argv[2])"
HOST, OTHER = "wandb.company.test", "keys.company.test"
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
        assert app.complaints() == ""


@contextmanager
def behind_a_proxy(desktop: Desktop, folder: Path, company: Company) -> Iterator[tuple[TlsServer, str, str]]:
    """A company's server that only the company's proxy knows; with its key, and the proxy's address."""
    store, port = folder / "store", free_port()
    with (
        serving(desktop, store, port),
        TlsServer(company.good(HOST, OTHER), forward(port, tls=True)) as server,
        Proxy(server.port) as proxy,
    ):
        yield server, (store / "key").read_text().strip(), proxy.url


def test_a_ca_dropped_on_the_window_turns_not_trusted_into_online(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path
) -> None:
    company = Company(tmp_path)
    environ = {"RUNFERRY_FOLDERS": str(runs), "RUNFERRY_SERVER": f"https://{HOST}"}
    with behind_a_proxy(desktop, tmp_path, company) as (server, key, proxy):
        desktop.python(KEEP, f"https://{HOST}", key)
        with running(desktop, tmp_path / "app", HTTPS_PROXY=proxy, **environ) as app:
            window = named(app.window(eyes), "Runferry")
            registered(desktop, app)
            go(window, "Network")
            desktop.python(TRAINING, "first", str(runs))
            says(window, f"{HOST}: Not trusted")
            assert server.requests == []
            with source(desktop, company.ca_file) as offered:
                drag(desktop, window, offered)
                says(window, "A certificate to trust?", "Company Root CA")
            assert server.requests == []  # by the drop alone nobody is trusted
            press(window, "Trust it")
            says(window, "Company CAs", f"for {HOST} only")
            go(window, "Network")
            says(window, f"{HOST}: Online")
            until(lambda: rows_of(tmp_path / "store") == 12, "the run came")
            assert app.complaints() == ""


def test_a_key_typed_in_the_window_is_kept_in_the_secret_service_and_used(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path
) -> None:
    company = Company(tmp_path)
    environ = {"RUNFERRY_FOLDERS": str(runs), "RUNFERRY_SERVER": f"https://{OTHER}"}
    with (
        behind_a_proxy(desktop, tmp_path, company) as (server, key, proxy),
        running(desktop, tmp_path / "app", HTTPS_PROXY=proxy, SSL_CERT_FILE=str(company.ca_file), **environ) as app,
    ):
        window = named(app.window(eyes), "Runferry")
        registered(desktop, app)
        go(window, "Settings", "Servers")
        named(window, f"API key for {OTHER}", "text").write("x" * 40)
        press(window, f"Test and keep: {OTHER}")
        says(window, "key")
        until(lambda: server.requests, "the server was asked")
        assert desktop.python(FIND, f"https://{OTHER}").strip() == "None"  # a key that is refused is not kept
        named(window, f"API key for {OTHER}", "text").write(key)
        press(window, f"Test and keep: {OTHER}")
        said = says(window, "The key is kept: ")
        assert key not in said
        assert desktop.python(FIND, f"https://{OTHER}").strip() == key
        desktop.python(TRAINING, "first", str(runs))
        go(window, "Network")
        says(window, f"{OTHER}: Online")
        until(lambda: rows_of(tmp_path / "store") == 12, "the run came")
        login = b"Basic " + base64.b64encode(b"api:" + key.encode())
        assert any(login in one for one in server.requests)
        assert key not in app.logged() + app.text()

"""Logs: what is masked, what is private, what happens when there is nowhere to write."""

from __future__ import annotations

import base64
import logging
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry import logs
from runferry.logs import Logging, Secrets
from runferry.paths import Home, find_home

KEY = "k3y-" + "z" * 40


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home({"RUNFERRY_HOME": str(tmp_path / "home")})


@pytest.fixture
def known() -> Secrets:
    return Secrets()


@pytest.fixture
def installed(home: Home, known: Secrets) -> Iterator[Logging]:
    made = logs.setup(home, "info", known=known)
    yield made
    made.close()


def written(made: Logging) -> str:
    assert made.file is not None
    return made.file.read_text()


def test_our_level_and_that_of_libraries(installed: Logging) -> None:
    logging.getLogger("runferry.x").info("ours %d", 1)
    logging.getLogger("runferry.x").debug("too much")
    logging.getLogger("urllib3").info("not ours")
    logging.getLogger("urllib3").warning("a library warns")
    installed.set_level("debug")
    logging.getLogger("runferry.x").debug("now it is wanted")
    text = written(installed)
    assert "ours 1" in text
    assert "a library warns" in text
    assert "now it is wanted" in text
    assert "too much" not in text
    assert "not ours" not in text


def test_secrets_are_masked_in_arguments_headers_and_tracebacks(installed: Logging, known: Secrets) -> None:
    known.learn(KEY)
    log = logging.getLogger("runferry.x")
    header = base64.b64encode(f"api:{KEY}".encode()).decode()
    log.warning("key %s", KEY)
    log.warning("%r", {"Authorization": f"Basic {header}"})
    log.warning("raw %s", header)
    log.warning("Authorization: Bearer unknown.token-1234567890")
    log.warning("WANDB_API_KEY=%s https://user:pa55word@example.com/x", "unknown-key-123456")
    log.warning('{"api_key": "other-unknown-1234"}')
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError:
        log.exception("failed")
    text = written(installed)
    for secret in (KEY, header, "unknown.token", "pa55word", "unknown-key", "other-unknown"):
        assert secret not in text
    assert "https://user:***@example.com/x" in text
    assert "ValueError: refused ***" in text


def test_ordinary_text_stays(known: Secrets) -> None:
    known.learn("short")
    for text in ("a short basic idea of tokens", "posted 3 rows to https://example.com:8080/x", "key refused"):
        assert known.mask(text) == text


def test_files_are_private(installed: Logging, home: Home) -> None:
    logging.getLogger("runferry").warning("x")
    assert stat.S_IMODE(home.logs.stat().st_mode) == 0o700
    for file in home.logs.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_rotates(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    made = logs.setup(home)
    for _ in range(200):
        logging.getLogger("runferry").info("x" * 100)
    made.close()
    assert sorted(one.name for one in home.logs.glob("runferry.log*")) == [
        "runferry.log",
        "runferry.log.1",
        "runferry.log.2",
        "runferry.log.3",
    ]
    assert all(one.stat().st_size <= 2000 for one in home.logs.glob("runferry.log*"))


def test_nowhere_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    made = logs.setup(find_home({"RUNFERRY_HOME": str(tmp_path / "file")}))
    assert made.problem is not None
    assert made.problem.slug == "no-log-file"
    logging.getLogger("runferry").warning("still heard")
    made.close()
    assert "still heard" in capsys.readouterr().err


def test_a_disk_that_fills_up_is_not_shown(installed: Logging, capsys: pytest.CaptureFixture[str]) -> None:
    handler = installed._handlers[0]
    assert isinstance(handler, logging.FileHandler)
    handler.stream.close()
    handler.stream = open("/dev/full", "w")  # noqa: SIM115
    logging.getLogger("runferry").warning("lost")
    try:
        handler.stream.close()
    except OSError:
        pass
    assert capsys.readouterr().err == ""


def test_close_undoes_everything(home: Home) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), sys.excepthook, threading.excepthook)
    logs.setup(home).close()
    assert (root.level, list(root.handlers), sys.excepthook, threading.excepthook) == before


def test_uncaught_exceptions_and_dying_of_a_signal(home: Home) -> None:
    code = (
        "import os, signal, threading; from runferry import logs; from runferry.paths import find_home\n"
        "logs.setup(find_home())\n"
        "t = threading.Thread(target=lambda: 1 / 0, name='worker-7'); t.start(); t.join()\n"
        "os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    environ = {"RUNFERRY_HOME": str(home.config), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == -11
    text = (home.logs / "runferry.log").read_text()
    assert "uncaught exception in worker-7" in text
    assert "ZeroDivisionError" in text
    assert "Segmentation fault" in (home.logs / "runferry-crash.log").read_text()

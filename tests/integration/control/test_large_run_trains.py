"""While a run of many megabytes trains: the window and `watch` start, show it, and end; a second start raises the
window that is there, and is told where that one ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.engine.front import ENDING, SILENT, Front
from runferry.errors import TemporaryError
from support.processes import RUNFERRY, run, runferry, started, until

WINDOW = (sys.executable, str(Path(__file__).with_name("window_app.py")))
MAKER = Path(__file__).parent.parent.parent / "support" / "real_sizes.py"
SIZE = 30 << 20  # far more than one read
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen", "RUNFERRY_SERVER": "local"}


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Path]:
    """A folder in which a run trains that has written much already."""
    folder = tmp_path / "work"
    folder.mkdir()
    log = tmp_path / "training.txt"
    with started(sys.executable, MAKER, "large_log", str(SIZE), "600.0", cwd=folder, log=log):
        until(lambda: "written" in log.read_text(), "it has written")
        yield folder


def rows_sent() -> int:
    told = runferry("status", "--json")
    runs = told.object.get("runs", []) if told.code == 0 else []  # an app that just begins may not answer yet
    return max((one["rows_acknowledged"] for one in runs), default=0)


def ends(process: subprocess.Popen[bytes], log: Path) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0, log.read_text()
    assert "ended without" not in log.read_text()


def test_watch(training: Path, tmp_path: Path) -> None:
    log = tmp_path / "watch.txt"
    with started(*RUNFERRY, "watch", "--server", "local", training, cwd=tmp_path, log=log) as process:
        until(lambda: rows_sent() == SIZE // 4200, "all rows are sent")
        ends(process, log)


def test_the_window_and_a_second_start(training: Path, tmp_path: Path) -> None:
    log = tmp_path / "window.txt"
    with started(*WINDOW, training, cwd=tmp_path, log=log, **OFFSCREEN) as process:
        until(lambda: rows_sent() > 1000, "rows are sent")
        second = run(*WINDOW, training, cwd=tmp_path, timeout=40, **OFFSCREEN)
        assert second.code == 0, second.err
        ends(process, log)


def test_who_asks_a_window_that_ends_or_stands_still_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runferry.engine.front.PATIENCE", 0.3)
    front, asked = Front(), []
    front.show(lambda: asked.append(1))  # no window: nothing to wait for
    front.appeared()
    with pytest.raises(TemporaryError) as told:
        front.show(lambda: asked.append(2))
    assert told.value.slug == SILENT
    front.show(lambda: threading.Thread(target=front.came_up).start())
    front.ends()
    began = time.monotonic()
    with pytest.raises(TemporaryError) as told:
        front.show(lambda: asked.append(3))
    assert told.value.slug == ENDING
    assert asked == [1, 2]
    assert time.monotonic() - began < 0.3

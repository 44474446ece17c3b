"""The frozen folder runs where no Python is: it starts its own server and its own training."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PyInstaller.archive.readers import CArchiveReader

from packaging_rig import CHECKOUT, TRAINING, json_lines, run, surroundings
from runferry.version import __version__

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(400)]

DRAW_A_CURVE = """
import json, os, sys
import runferry.desktop.run.chart
import pyqtgraph
from PySide6.QtWidgets import QApplication
application = QApplication([])
plot = pyqtgraph.PlotWidget()
plot.plot([1, 2, 3])
plot.grab()
families = ("PySide6", "pyqtgraph", "numpy", "runferry")
files = {name: getattr(part, "__file__", None) or "" for name, part in sys.modules.items()}
print(json.dumps([name for name, file in files.items() if name.split(".")[0] in families and os.path.isfile(file)]))
"""


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """An environment without any Python on its path."""
    return {**surroundings(tmp_path), "PATH": str(tmp_path)}


def test_version(frozen: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    assert run([frozen, "--version"], tmp_path, alone).out == f"runferry {__version__}\n"


def test_demo(frozen: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    shown = run([frozen, "demo"], tmp_path, alone)
    assert shown.code == 0, shown.err
    assert "300 rows" in shown.out
    assert "verified" in shown.out


def test_sync(frozen: Path, installed: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    assert run([installed / "python", "-c", TRAINING], tmp_path, alone).code == 0
    synced = run([frozen, "sync", "wandb", "--server", "local", "--json"], tmp_path, alone)
    assert synced.code == 0, synced.err
    assert [one["state"] for one in json_lines(synced.out)] == ["verified"]


def test_serve(frozen: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    server = subprocess.Popen(
        [frozen, "serve", "--port", "0"], cwd=tmp_path, env=alone, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("The local server answers at http://127.0.0.1:")
    finally:
        server.terminate()
        server.communicate(timeout=20)


def test_it_holds_the_window_the_icons_and_the_curves(frozen: Path) -> None:
    modules = set(CArchiveReader(str(frozen)).open_embedded_archive("PYZ.pyz").toc)
    source = CHECKOUT / "app"
    window = {
        str(path.relative_to(source).with_suffix("")).replace("/", ".").replace("\\", ".").removesuffix(".__init__")
        for path in (source / "runferry" / "desktop").rglob("*.py")
    }
    assert window - modules == set()
    assert {"pyqtgraph", "numpy"} <= modules
    inside = frozen.parent / "_internal"
    drawings = {path.name for path in (CHECKOUT / "resources" / "icons").glob("*.svg")}
    assert {path.name for path in (inside / "resources" / "icons").iterdir()} == drawings


def test_it_holds_what_a_curve_loads(frozen: Path, tmp_path: Path) -> None:
    """pyqtgraph imports parts of Qt by name, which PyInstaller cannot see."""
    environ = {**surroundings(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    drawn = run([sys.executable, "-c", DRAW_A_CURVE], tmp_path, environ)
    assert drawn.code == 0, drawn.err
    inside = frozen.parent / "_internal"
    held = set(CArchiveReader(str(frozen)).open_embedded_archive("PYZ.pyz").toc)
    held |= {
        str(path.relative_to(inside)).split(".")[0].replace("/", ".").replace("\\", ".")
        for path in [*inside.rglob("*.so"), *inside.rglob("*.pyd")]
    }
    loaded = set(json.loads(drawn.out))
    assert {"PySide6.QtWidgets", "pyqtgraph", "numpy"} <= loaded
    # PySide6.support: notes on what is deprecated, read if there.
    assert {name for name in loaded - held if not name.startswith("PySide6.support")} == set()


def test_it_brings_nothing_large_that_it_does_not_use(frozen: Path) -> None:
    files = [path for path in frozen.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    names = " ".join(path.name for path in files)
    for foreign in ("libgtk-3", "libQt6Quick", "libQt6Qml", "typescriptServices", "libqeglfs"):
        assert foreign not in names
    assert sum(path.stat().st_size for path in files) < 260e6


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: reads what a process has loaded")
def test_the_window_opens(frozen: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    environ = {**alone, "DISPLAY": ":none", "QT_QPA_PLATFORM": "offscreen"}
    with (tmp_path / "said").open("w") as said:
        app = subprocess.Popen([frozen], cwd=tmp_path, env=environ, stdout=said, stderr=subprocess.STDOUT)
    try:
        wait_for_window(app)
        again = run([frozen], tmp_path, environ)  # raises the window of the first
        assert (again.code, again.out) == (0, ""), again.err
        assert app.poll() is None
        app.send_signal(signal.SIGTERM)
        assert app.wait(timeout=30) == 0
    finally:
        app.kill()
        app.wait()
    assert "Traceback" not in (tmp_path / "said").read_text()


def wait_for_window(app: subprocess.Popen[bytes]) -> None:
    """It has loaded what draws the icons of its pages."""
    loaded = Path(f"/proc/{app.pid}/maps")
    deadline = time.monotonic() + 60
    while not all(part in (text := loaded.read_text()) for part in ("libqoffscreen", "libQt6Svg")):
        assert app.poll() is None
        assert time.monotonic() < deadline, text
        time.sleep(0.05)

"""Where no window can be shown, `runferry` says why in one sentence and goes on in the terminal; Qt never aborts it.

Real processes, a real Xvfb; a library that is missing is one over which nothing is mounted (in a mount namespace).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import PySide6
import pytest

from runferry.cli.display import BASE, WAYLAND, XCB, look
from support.processes import RUNFERRY, end, started, until

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: X and its libraries"),
]

QT = Path(PySide6.__file__).parent / "Qt"
# Of the C library and its like, which every system has, and of Qt itself.
EVERYWHERE = re.compile(r"lib(c|m|dl|pthread|rt|gcc_s|stdc\+\+|Qt6\w+|icu\w+|gthread-2\.0|z|zstd|ssl|crypto)\.so")


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """The name of a display that answers."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            yield f":{told.readline().strip()}"
    finally:
        end(server)


def said_without_window(tmp_path: Path, *before: str, **environ: str | None) -> str:
    """What the app says at its start, when it goes on as `watch` and can be ended."""
    log = tmp_path / "said"
    command = (*before, *RUNFERRY)
    with started(*command, cwd=tmp_path, log=log, QT_QPA_PLATFORM=None, **environ) as process:
        until(lambda: "Watching" in log.read_text() or process.poll() is not None, "the app watches")
        assert process.poll() is None, log.read_text()
        assert end(process) in (0, 130)
    return log.read_text()


def without_library(name: str) -> tuple[str, ...]:
    """What to put before a command so that it does not find this library of the system."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    paths = re.findall(rf"{re.escape(name)} .*=> (\S+)", listed)
    assert paths, listed
    hide = "; ".join(f"mount --bind /dev/null {Path(one).resolve()}" for one in paths)
    return ("unshare", "--map-root-user", "--mount", "sh", "-c", f'{hide}; exec "$@"', "sh")


@pytest.mark.parametrize("stale", [{"DISPLAY": ":7654"}, {"WAYLAND_DISPLAY": "gone"}, {"DISPLAY": "localhost:4321"}])
def test_a_display_of_a_session_that_is_gone(stale: dict[str, str], tmp_path: Path) -> None:
    said = said_without_window(tmp_path, **{"DISPLAY": None, "WAYLAND_DISPLAY": None, **stale})
    (name,) = stale.values()
    assert f"“{name}” of {next(iter(stale))} does not answer" in said
    assert "as `runferry watch`" in said


def test_a_library_that_usual_desktops_lack_is_named_with_its_package(display: str, tmp_path: Path) -> None:
    said = said_without_window(tmp_path, *without_library("libxcb-cursor.so.0"), DISPLAY=display)
    assert "The window needs libxcb-cursor.so.0." in said
    assert "apt-get install libxcb-cursor0" in said or not shutil.which("apt-get")
    assert "Aborted" not in said


def test_a_library_without_which_qt_cannot_be_imported(display: str, tmp_path: Path) -> None:
    said = said_without_window(tmp_path, *without_library("libEGL.so.1"), DISPLAY=display)
    assert "The window needs libEGL.so.1." in said


def test_a_display_that_answers_is_used_also_beside_one_that_does_not(display: str) -> None:
    found = look({"DISPLAY": display})
    assert (found.reason, found.platform) == ("", "")
    beside = look({"DISPLAY": display, "WAYLAND_DISPLAY": "gone", "XDG_RUNTIME_DIR": "/nowhere"})
    assert (beside.reason, beside.platform) == ("", "xcb")


def test_a_platform_that_was_asked_for() -> None:
    assert look({"QT_QPA_PLATFORM": "offscreen"}).reason == "There is no display here."  # nobody would see it
    assert look({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":none"}).reason == ""
    assert "no platform “nonsense”" in look({"QT_QPA_PLATFORM": "nonsense:size=3"}).reason
    assert look({}).reason == "There is no display here."


def test_the_lists_hold_what_the_plugins_ask_for() -> None:
    """A new version of Qt may need another library: then its package belongs on the list."""
    asked: set[str] = set()
    parts = {"plugins/platforms/libqxcb.so": XCB, "plugins/platforms/libqwayland.so": WAYLAND}
    for name in [*parts, "lib/libQt6XcbQpa.so.6", "lib/libQt6WaylandClient.so.6", "lib/libQt6Gui.so.6"]:
        told = subprocess.run(["objdump", "-p", QT / name], capture_output=True, text=True, check=True).stdout
        asked |= set(re.findall(r"NEEDED\s+(\S+)", told))
    assert {one for one in asked if not EVERYWHERE.match(one)} - {*BASE, *XCB, *WAYLAND} == set()

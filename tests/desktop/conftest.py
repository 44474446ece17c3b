"""Fixtures of the suite that needs a desktop. It fails, and never skips, where there is none (decision 32)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.rig.accessible import Eyes
from desktop.rig.desktop import Desktop, Wanted
from desktop.rig.pointer import Pointer

PROBE = """
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
app = QApplication([])
print(app.platformName(), QSystemTrayIcon.isSystemTrayAvailable())
"""


def checked(desktop: Desktop) -> Desktop:
    """The desktop, after a program of its own has seen that it is one."""
    told = desktop.python(PROBE).strip()
    if told != "xcb True":
        pytest.fail(f"this is no desktop with a tray (platform and tray: {told})", pytrace=False)
    return desktop


@pytest.fixture(scope="session", autouse=True)
def needs_linux() -> None:
    """The rig is X11 and D-Bus; other systems have desktops of their own."""
    if sys.platform != "linux":
        pytest.fail("tests/desktop needs Linux: leave it out with --ignore=tests/desktop", pytrace=False)


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    """A desktop whose tray takes commands and has no pixels; with accessibility, notifications, keyring."""
    with Desktop(Wanted(has_accessibility=True)) as made:
        yield checked(made)


@pytest.fixture(scope="module")
def panel_desktop() -> Iterator[Desktop]:
    """A desktop with a panel that shows the icon: to be looked at and clicked."""
    with Desktop(Wanted(tray="xembed")) as made:
        yield checked(made)


@pytest.fixture
def bare_desktop() -> Iterator[Desktop]:
    """A desktop for one test: no tray yet, nothing else but a window manager and a session bus."""
    with Desktop(Wanted("none", False, False, False, False)) as made:
        yield made


@pytest.fixture
def eyes(desktop: Desktop) -> Iterator[Eyes]:
    """What a screen reader sees on `desktop`."""
    with Eyes(desktop) as made:
        yield made


@pytest.fixture
def pointer(desktop: Desktop) -> Pointer:
    """Mouse and keyboard of `desktop`."""
    return Pointer(desktop)


@pytest.fixture
def screenshot(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Desktop, str], Path]:
    """Takes a picture of a whole display; kept where RUNFERRY_TEST_PICTURES names a folder."""
    folder = Path(KEPT or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def take(shown: Desktop, name: str) -> Path:
        return shown.screenshot(folder / f"{request.node.name}-{name}.png")

    return take


KEPT = os.environ.get("RUNFERRY_TEST_PICTURES", "")
"""Read once: while a test runs, such variables are cleared."""

"""The rig itself: each of its parts does what the other tests rely on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from desktop.rig.accessible import Eyes
from desktop.rig.desktop import Desktop
from desktop.rig.part import Part, Talker, until
from desktop.rig.pointer import Pointer

RIG = Path(__file__).resolve().parent / "rig"
ORANGE = QColor("#ff7f0e")


def example(desktop: Desktop) -> Talker:
    """The example program, ready."""
    made = Talker("example", [sys.executable, str(RIG / "example.py")], desktop.environ, desktop.folder)
    made.log.unlink(missing_ok=True)
    made.start()
    told = made.wait_for("ready")
    assert (told["platform"], told["tray"]) == ("xcb", True)
    return made


@pytest.fixture
def program(desktop: Desktop) -> Iterator[Talker]:
    """The example on the desktop without pixels."""
    made = example(desktop)
    yield made
    made.stop()


@pytest.fixture
def shown(panel_desktop: Desktop) -> Iterator[Talker]:
    """The example on the desktop with a panel."""
    made = example(panel_desktop)
    yield made
    made.stop()


def orange(path: Path, top: int, bottom: int) -> list[tuple[int, int]]:
    """Where the example's icon is, between two lines of a picture."""
    picture = QImage(str(path))
    assert not picture.isNull()
    return [(x, y) for y in range(top, bottom) for x in range(picture.width()) if picture.pixelColor(x, y) == ORANGE]


def test_a_menu_is_read_and_clicked(desktop: Desktop, program: Talker) -> None:
    desktop.tray.wait_for("item")
    assert [one["label"] for one in desktop.tray.ask("menu", "menu")["items"]] == ["Say hello", "Quit"]
    desktop.tray.ask("click Say hello", "clicked")
    program.wait_for("hello")
    desktop.tray.ask("activate", "activated")
    assert program.wait_for("activated")["reason"] == "Trigger"


def test_a_click_that_cannot_be_done_is_an_error(desktop: Desktop, program: Talker) -> None:
    desktop.tray.wait_for("item")
    with pytest.raises(AssertionError, match="StopIteration"):
        desktop.tray.ask("click No such entry", "clicked")


def test_an_icon_is_seen_and_its_menu_opened_with_the_mouse(
    panel_desktop: Desktop, shown: Talker, screenshot: Callable[[Desktop, str], Path]
) -> None:
    found = until(lambda: orange(screenshot(panel_desktop, "icon"), 0, 28), "the icon is in the panel")
    middle = found[len(found) // 2]
    mouse = Pointer(panel_desktop)
    mouse.click(*middle)
    assert shown.wait_for("activated")["reason"] == "Trigger"
    mouse.click(*middle, button=3)
    shown.wait_for("activated", lambda told: told["reason"] == "Context")
    mouse.keys("Down", "Return")
    shown.wait_for("hello")


def test_a_button_is_pressed_through_accessibility(eyes: Eyes, program: Talker) -> None:
    window = eyes.program(program.pid).find("rig example")
    window.find("Press me").press()
    program.wait_for("pressed")


def test_files_are_dragged_from_another_program(desktop: Desktop, program: Talker, pointer: Pointer) -> None:
    folder = desktop.home / "run ü"
    folder.mkdir()
    source = Talker(
        "source",
        [sys.executable, str(RIG / "drag_source.py"), "40", "60", str(folder)],
        desktop.environ,
        desktop.folder,
    )
    source.start()
    try:
        pointer.window("drag source")
        x, y, width, height = pointer.window("rig example")
        pointer.drag((100, 100), (x + width // 2, y + height - 30))
        assert program.wait_for("drop")["paths"] == [str(folder)]
        assert source.wait_for("dropped")["taken"]
    finally:
        source.stop()


def test_a_secret_is_kept_and_found_by_another_process(desktop: Desktop) -> None:
    desktop.python("import keyring; keyring.set_password('rig', 'somebody', 'geheim ü')")
    told = desktop.python(
        "import keyring; print(keyring.get_keyring().name, '|', keyring.get_password('rig', 'somebody'))"
    )
    assert told.strip() == "SecretService Keyring | geheim ü"


def test_nothing_of_this_person_is_used(desktop: Desktop) -> None:
    told = json.loads(desktop.python("import json, os; print(json.dumps(dict(os.environ)))"))
    own = {name for name, value in told.items() if str(desktop.folder) in value}
    assert {"HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "RUNFERRY_HOME", "DBUS_SESSION_BUS_ADDRESS"} <= own
    assert not [name for name in told if name.lower().endswith("_proxy") or name.startswith("WANDB_")]


def test_nothing_is_left_when_it_is_taken_down() -> None:
    with Desktop() as made:
        parts: list[Part] = list(made._parts)
        pids = [part.pid for part in parts] + [made.tray.pid]
        folder = made.folder
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not folder.exists()

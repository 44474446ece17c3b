"""The app without a mouse: every step by keys through the X server, the focus where one expects it, and to be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from desktop.rig.accessible import Element, Eyes, Gone
from desktop.rig.app import running
from desktop.rig.desktop import Desktop
from desktop.rig.part import until
from desktop.rig.pointer import Pointer
from desktop.rig.using import named, registered, rows, says, showing, told
from support.company import Company

NO_SERVER = "https://wandb.company.test"
TRAINING = """
import sys, runferry
for name in sys.argv[2:]:
    with runferry.init(project="vision", name=name, id=name, dir=sys.argv[1], mode="online"):
        for step in range(12):
            runferry.log({"loss": 1 / (step + 1)})
"""


class Keys:
    """A person at the keyboard, who looks where the focus is."""

    def __init__(self, desktop: Desktop, window: Element, folder: Path) -> None:
        self._desktop, self.window, self._folder = desktop, window, folder
        self._pointer = Pointer(desktop)

    def runs(self) -> list[str]:
        """Names in the list of runs; empty while it changes under one's eyes."""
        try:
            return [one[1] for one in rows(self.window, "Runs")]
        except Gone:
            return []

    def press(self, *keys: str) -> None:
        """X names."""
        self._pointer.keys(*keys)

    def write(self, text: str) -> None:
        """Letter by letter."""
        self._desktop.run("xdotool", "type", "--delay", "5", text)

    def focused(self) -> list[tuple[str, str]]:
        """Role and name of what has the focus; of a table the cell too."""
        found = []
        for one in showing(self.window):
            try:
                if "focused" in one.states:
                    found.append((one.role, one.name))
            except Gone:
                continue
        return found

    def on(self, role: str, start: str) -> None:
        """Wait until the focus is there."""
        try:
            until(lambda: any(one[0] == role and one[1].startswith(start) for one in self.focused()), start)
        except AssertionError as error:
            raise AssertionError(f"{error}: the focus is on {self.focused()}; seen:\n{told(self.window)}") from None

    def tab_to(self, role: str, start: str, most: int = 20) -> None:
        """Go on with Tab until the focus is there; each stop on the way is something one can see."""
        for _ in range(most):
            before = self.focused()
            if any(one[0] == role and one[1].startswith(start) for one in before):
                return
            self.press("Tab")
            until(lambda before=before: self.focused() not in ([], before), f"the focus goes on from {before}")
        raise AssertionError(f"Tab does not come to {start}: {self.focused()}")

    def is_seen(self, role: str, start: str) -> bool:
        """Whether the focus changes how this looks: a picture without it, and one after it came back."""
        self.on(role, start)
        place = QRect(*named(self.window, start, role).place).adjusted(-3, -3, 3, 3)
        here = self.focused()
        self.press("Tab")
        until(lambda: self.focused() not in ([], here), "the focus goes on")
        without = self._still(place)
        self.press("shift+Tab")
        self.on(role, start)
        return self._still(place) != without

    def _still(self, place: QRect) -> bytes:
        """A part of the display, once it looks the same twice."""
        last = [b""]

        def same() -> bool:
            image = QImage(str(self._desktop.screenshot(self._folder / "look.png"))).copy(place)
            before, last[0] = last[0], bytes(image.convertToFormat(QImage.Format.Format_RGB32).constBits())
            return before == last[0]

        until(same, "nothing moves")
        return last[0]


@pytest.fixture
def runs(desktop: Desktop, tmp_path: Path) -> Path:
    """A folder with two runs."""
    made = tmp_path / "runs"
    made.mkdir()
    desktop.python(TRAINING, str(made), "first", "second")
    return made


def test_from_the_list_to_a_run_through_its_tabs_and_back(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path
) -> None:
    with running(desktop, tmp_path, RUNFERRY_FOLDERS=str(runs), RUNFERRY_SERVER="local") as app:
        registered(desktop, app)
        keys = Keys(desktop, named(app.window(eyes), "Runferry"), tmp_path)
        until(lambda: len(keys.runs()) == 2, "both runs are listed")
        keys.tab_to("table", "Runs")
        assert keys.is_seen("table", "Runs")
        keys.press("Down")
        until(lambda: ("cell", "Verified") in keys.focused(), "a run has the focus")
        keys.press("Return")
        keys.on("page tab list", "Overview")
        keys.press("Right")
        keys.on("page tab list", "Console")
        assert keys.is_seen("page tab list", "Console")
        keys.press("Right", "Right")
        keys.on("page tab list", "Details")
        says(keys.window, "recorded by Runferry")
        keys.press("Escape")
        keys.on("table", "Runs")
        keys.press("ctrl+f")
        keys.on("text", "Search runs")
        keys.write("second")
        until(lambda: keys.runs() == ["second"], "the list follows")
        assert app.complaints() == ""


def test_a_folder_is_added_by_typing_its_path_and_its_runs_are_sent(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path
) -> None:
    with running(desktop, tmp_path, RUNFERRY_SERVER="local") as app:
        registered(desktop, app)
        keys = Keys(desktop, named(app.window(eyes), "Runferry"), tmp_path)
        says(keys.window, "Welcome to Runferry")
        keys.on("push button", "Choose a folder…")
        keys.press("Escape")
        says(keys.window, "No runs yet")
        keys.tab_to("push button", "Add…")
        keys.press("Return")
        Pointer(desktop).window("Add a run folder")
        keys.write(str(runs))
        keys.press("Return")
        says(keys.window, "1 item dropped", "2 runs found", "Sync 2 runs")
        keys.on("table", "What was found")
        keys.press("space")  # takes the first out
        says(keys.window, "Sync 1 run")
        keys.press("space")
        says(keys.window, "Sync 2 runs")
        keys.tab_to("push button", "Sync 2 runs")
        assert keys.is_seen("push button", "Sync 2 runs")
        keys.press("Return")
        says(keys.window, "2 runs verified on this computer", timeout=60)
        keys.press("Escape")
        keys.on("push button", "Add…")
        until(lambda: len(keys.runs()) == 2, "they are in the list")
        assert app.complaints() == ""


def test_settings_and_problems_by_keys_alone(desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path) -> None:
    with running(desktop, tmp_path, RUNFERRY_FOLDERS=str(runs), RUNFERRY_SERVER=NO_SERVER) as app:
        registered(desktop, app)
        keys = Keys(desktop, named(app.window(eyes), "Runferry"), tmp_path)
        keys.press("ctrl+comma")
        keys.on("check box", "General")
        assert keys.is_seen("check box", "General")
        keys.press("Down", "Down")
        says(keys.window, "Stop watching")
        keys.on("check box", "Folders")
        keys.press("ctrl+3")
        says(keys.window, "No key for this server")
        keys.tab_to("push button", "Enter a key…")
        assert keys.is_seen("push button", "Enter a key…")
        keys.press("Return")
        says(keys.window, "Test and keep")
        keys.on("text", "API key for wandb.company.test")
        assert app.complaints() == ""


def test_a_certificate_is_chosen_in_the_dialog_looked_at_and_trusted(
    desktop: Desktop, eyes: Eyes, tmp_path: Path
) -> None:
    company = Company(tmp_path)
    with running(desktop, tmp_path / "app", RUNFERRY_SERVER=NO_SERVER) as app:
        registered(desktop, app)
        keys = Keys(desktop, named(app.window(eyes), "Runferry"), tmp_path)
        says(keys.window, "Welcome to Runferry")
        keys.press("Escape", "ctrl+comma")
        keys.on("check box", "General")
        keys.press("Down", "Down", "Down", "Down")
        says(keys.window, "None was added here.")
        keys.tab_to("push button", "Choose a file…")
        keys.press("Return")
        Pointer(desktop).window("Certificates")
        keys.write(str(company.ca_file))
        keys.press("Return")
        whole = says(keys.window, "A certificate to trust?", "Company Root CA", "SHA-256")
        assert "None was added here." in whole  # looked at is not trusted
        keys.tab_to("push button", "Trust it")
        keys.press("Return")
        says(keys.window, "for wandb.company.test only")
        assert "None was added here." not in told(keys.window)
        assert app.complaints() == ""

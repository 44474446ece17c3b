"""The app itself on a desktop: its icon, its menu, its window, its notifications, as a person meets them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from desktop.rig.accessible import Eyes
from desktop.rig.app import App, running
from desktop.rig.desktop import Desktop, Wanted
from desktop.rig.part import until

TRAINING = """
import sys, runferry
run = runferry.init(project="vision", name=sys.argv[1], dir=sys.argv[2], mode="online")
print("recording", flush=True)
for step in range(20):
    runferry.log({"loss": 1 / (step + 1)})
sys.stdin.readline()
runferry.finish()
"""


def labels(desktop: Desktop) -> list[str]:
    """What the icon's menu offers."""
    return [one["label"] for one in desktop.tray.ask("menu", "menu")["items"] if one.get("visible", True)]


def registered(desktop: Desktop, app: App) -> None:
    """Wait until the app's icon is in the tray."""

    def seen() -> bool:
        assert app.part is not None
        assert app.part.is_running(), app.text()
        return len(desktop.tray.events("item")) > len(desktop.tray.events("item-gone"))

    until(seen, "the app's icon is in the tray")


def test_icon_menu_window_and_the_end(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, screenshot: Callable[[Desktop, str], Path]
) -> None:
    with running(desktop, tmp_path) as app:
        registered(desktop, app)
        window = app.window(eyes).find("Runferry", timeout=30)
        assert "showing" in window.states
        screenshot(desktop, "window")
        assert any(label.startswith("Quit") for label in labels(desktop))
        desktop.tray.ask(f"click {next(one for one in labels(desktop) if one.startswith('Quit'))}", "clicked")
        assert app.wait() == 0
        assert app.text() == ""  # no warning of Qt's, no traceback


def test_a_second_start_raises_the_window_of_the_first(desktop: Desktop, eyes: Eyes, tmp_path: Path) -> None:
    with running(desktop, tmp_path, "--hidden") as app:
        registered(desktop, app)
        assert [one for one in app.window(eyes).children if "showing" in one.states] == []
        second = app.command()
        assert second.returncode == 0, second.stderr
        app.window(eyes).find("Runferry")


def test_a_run_that_ends_is_told_by_a_notification(desktop: Desktop, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    training = desktop.start(sys.executable, "-c", TRAINING, "resnet-7", str(runs), name="training")
    with running(desktop, tmp_path, "--hidden", RUNFERRY_FOLDERS=str(runs), RUNFERRY_SERVER="local") as app:
        registered(desktop, app)
        until(lambda: "recording" in training.text(), "the training began")
        until(lambda: any(one["run_state"] == "running" for one in app.status()["runs"]), "the run is seen live")
        assert training.process.stdin is not None
        training.process.stdin.write(b"\n")
        training.process.stdin.close()
        told = desktop.services.wait_for("notification", lambda one: "resnet-7" in one["summary"])
        assert told["summary"] == "resnet-7 finished"
        assert told["body"].startswith("vision")


def test_without_a_tray_the_window_is_the_way_in(tmp_path: Path) -> None:
    with (
        Desktop(Wanted("none", has_keyring=False, has_accessibility=True)) as bare,
        Eyes(bare) as eyes,
        running(bare, tmp_path) as app,
    ):
        app.window(eyes).find("Runferry", timeout=30)
        bare.start_tray("sni")
        bare.tray.wait_for("item")
        assert labels(bare)

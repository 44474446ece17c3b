"""The app itself on a desktop: its icon, its menu, its window, its notifications, as a person meets them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.rig.accessible import Eyes
from desktop.rig.app import RUNFERRY, App, running
from desktop.rig.desktop import Desktop, Wanted
from desktop.rig.part import Part, Talker, until
from desktop.rig.using import close, go, labels, named, press, registered, rows, says, shown, take, told, tooltip
from runferry.paths import find_home

TRAINING = """
import json, sys, runferry
run = runferry.init(project="vision", name=sys.argv[1], dir=sys.argv[2], mode="online")
step = 0
print("recording", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        runferry.log({"loss": 1 / (step + 1)})
        step += 1
runferry.finish()
print("over", flush=True)
"""


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder that trainings write into."""
    made = tmp_path / "runs"
    made.mkdir()
    return made


def train(desktop: Desktop, name: str, runs: Path, steps: int) -> Talker:
    """A training beside the app; more steps by `tell`, its end by closing its input."""
    made = Talker(
        f"training-{name}", [sys.executable, "-c", TRAINING, name, str(runs)], desktop.environ, desktop.folder
    )
    made.start()
    until(lambda: "recording" in made.text(), "the training began")
    made.tell(str(steps))
    return made


def end(training: Talker) -> None:
    """Let it finish."""
    assert training.process.stdin is not None
    training.process.stdin.close()
    assert training.process.wait(20) == 0, training.text()


def left(app: App) -> list[int]:
    """Processes that still use the app's state folder."""
    found = []
    for one in Path("/proc").iterdir():
        if not one.name.isdigit():
            continue
        try:
            if str(app.home).encode() in (one / "environ").read_bytes():
                found.append(int(one.name))
        except OSError:
            continue
    return found


def test_the_icon_and_what_its_menu_does(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, screenshot: Callable[[Desktop, str], Path]
) -> None:
    with running(desktop, tmp_path, RUNFERRY_SERVER="local") as app:
        registered(desktop, app)
        window = named(app.window(eyes), "Runferry")
        screenshot(desktop, "window")
        until(lambda: tooltip(desktop).startswith("Runferry — Up to date"), "the tooltip says how it is")
        take(desktop, "Until I resume")
        until(lambda: "Paused" in tooltip(desktop), "the tooltip says that it is paused")
        assert {one["state"] for one in app.status()["servers"]} <= {"paused"}
        says(window, "Paused")
        take(desktop, "Resume syncing")
        until(lambda: "Up to date" in tooltip(desktop), "it goes on")
        take(desktop, "Settings")
        says(window, "Finish or close “Welcome to Runferry” first")
        press(window, "Not now")
        until(lambda: "Welcome" not in told(window), "the first start is closed")
        take(desktop, "Settings")
        says(window, "Start at login")
        take(desktop, "Quit")
        assert app.wait() == 0
        assert app.complaints() == ""  # no warning of Qt's, no traceback
        assert left(app) == []


def test_closing_keeps_the_icon_and_every_way_back_opens_the_window(
    desktop: Desktop, eyes: Eyes, tmp_path: Path
) -> None:
    with running(desktop, tmp_path) as app:
        registered(desktop, app)
        window = named(app.window(eyes), "Runferry")
        close(desktop, window)
        until(lambda: not shown(app, eyes), "the window is closed")
        told = desktop.services.wait_for("notification", lambda one: "goes on in the tray" in one["body"])
        assert told["app"]
        assert labels(desktop)
        for way in (lambda: take(desktop, "Open Runferry"), lambda: desktop.tray.ask("activate", "activated")):
            way()
            until(lambda: shown(app, eyes), "the window is back")
            close(desktop, window)
            until(lambda: not shown(app, eyes), "the window is closed again")
        second = app.command()
        assert second.returncode == 0, second.stderr
        until(lambda: shown(app, eyes), "a second start raises the window of the first")
        asked = app.command("sync", "--window", str(tmp_path))
        assert asked.returncode == 0, asked.stderr
        says(window, "Sync runs")


def test_a_hidden_start_shows_the_icon_alone(desktop: Desktop, eyes: Eyes, tmp_path: Path) -> None:
    with running(desktop, tmp_path, "--hidden") as app:
        registered(desktop, app)
        assert not shown(app, eyes)


def test_a_training_is_seen_live_and_its_end_is_told(desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path) -> None:
    training = train(desktop, "resnet-7", runs, 20)
    try:
        with running(desktop, tmp_path, RUNFERRY_FOLDERS=str(runs), RUNFERRY_SERVER="local") as app:
            window = named(app.window(eyes), "Runferry")
            registered(desktop, app)

            def row() -> list[str]:
                return next((one for one in rows(window, "Runs") if "resnet-7" in one), [])

            until(lambda: row()[:1] == ["Live"] and row()[5] == "19", "the run is seen live with its last step")
            assert row()[1:4] == ["resnet-7", "vision", "this computer"]
            until(lambda: any(one.startswith("resnet-7   step 19") for one in labels(desktop)), "the menu has it")
            training.tell("15")
            until(lambda: row()[5] == "34", "its rows come as it writes them")
            end(training)
            until(lambda: row()[0] == "Verified", f"it is verified: {row()}", 30)
            told = desktop.services.wait_for("notification", lambda one: one["summary"] == "resnet-7 finished")
            assert told["body"].startswith("vision")
            go(window, "Activity")
            desktop.services.tell(f"press {told['id']} default")
            says(window, "Overview", "Console", "Files", "Details", "resnet-7")
            history = list(app.home.rglob("wandb-history.jsonl"))
            assert [len(one.read_bytes().splitlines()) for one in history] == [35]
            assert app.complaints() == ""
    finally:
        training.stop()


def test_without_a_tray_the_window_is_the_way_in(tmp_path: Path) -> None:
    with Desktop(Wanted("none", has_keyring=False, has_accessibility=True)) as bare, Eyes(bare) as eyes:
        with running(bare, tmp_path / "first") as app:
            window = named(app.window(eyes), "Runferry")
            close(bare, window)
            assert app.wait() == 0  # nobody could come back to it
        with running(bare, tmp_path / "second") as app:
            window = named(app.window(eyes), "Runferry")
            bare.start_tray("sni")
            registered(bare, app)
            assert labels(bare)
            close(bare, window)
            until(lambda: not shown(app, eyes), "the window is closed")
            bare.stop_tray()
            second = app.command()  # the window comes by itself after a while, for panels start anew (unit tests)
            assert second.returncode == 0, second.stderr
            until(lambda: shown(app, eyes), "without a tray there is a way in")


def test_it_starts_with_a_broken_settings_file_and_ends_on_sigterm(
    desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path
) -> None:
    settings = find_home({"RUNFERRY_HOME": str(tmp_path / "runferry")}).settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("{ this is no", encoding="utf-8")
    training = train(desktop, "ends", runs, 3)
    try:
        with running(desktop, tmp_path, RUNFERRY_FOLDERS=str(runs), RUNFERRY_SERVER="local") as app:
            window = named(app.window(eyes), "Runferry")
            until(lambda: any("ends" in one for one in rows(window, "Runs")), "it works all the same")
            until(lambda: any(one["state"] == "sent" for one in app.status()["runs"]), "the local server has it")
            assert [one for one in app.status()["problems"] if "settings" in str(one).lower()]
            assert app.part is not None
            app.part.process.terminate()
            assert app.wait() == 0
            until(lambda: left(app) == [], f"no process is left: {left(app)}")
    finally:
        training.stop()


def test_a_watch_hands_over_and_gets_its_folder_back(desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path) -> None:
    app = App(desktop, tmp_path, {"RUNFERRY_SERVER": "local"})
    watch = Part("watch", [*RUNFERRY, "watch", str(runs)], app.environ, tmp_path).start(b"")
    try:
        until(lambda: f"Watching {runs}" in watch.text(), "it watches", 30)
        with running(desktop, tmp_path, RUNFERRY_SERVER="local") as app:
            window = named(app.window(eyes), "Runferry")
            until(lambda: "window watches these folders now" in watch.text(), "it hands over", 30)
            training = train(desktop, "handed", runs, 4)
            until(lambda: any("handed" in one for one in rows(window, "Runs")), "the window has the folder's run", 30)
            end(training)
            registered(desktop, app)
            take(desktop, "Quit")
            assert app.wait() == 0
        until(lambda: watch.text().count(f"Watching {runs}") == 2, "it has its folder back", 30)
        watch.process.terminate()
        watch.process.wait(20)
    finally:
        watch.stop()


def test_a_sync_command_goes_through_the_window(desktop: Desktop, eyes: Eyes, tmp_path: Path, runs: Path) -> None:
    training = train(desktop, "by-command", runs, 6)
    end(training)
    with running(desktop, tmp_path, RUNFERRY_SERVER="local") as app:
        window = named(app.window(eyes), "Runferry")
        until(lambda: app.command("status", "--json").returncode == 0, "it answers")
        done = app.command("sync", str(runs))
        assert done.returncode == 0, done.stderr
        assert "verified" in done.stdout + done.stderr
        until(lambda: [one[0] for one in rows(window, "Runs") if "by-command" in one] == ["Verified"], "it is listed")
        assert app.command("sync", str(tmp_path / "nothing here")).returncode == 2

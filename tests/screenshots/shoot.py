"""Draws every screen into docs/screenshots: light and dark, some at 200 %. No display is needed.

    python tests/screenshots/shoot.py [FOLDER]

A process per look, since Qt takes its scale at the start. It fails when all pictures together are above 2.5 MB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
LOOKS = (("light", 1), ("dark", 1), ("light", 2), ("dark", 2))
DOUBLE = ("runs", "run-overview")  # the screens that are drawn at 200 % too
LIGHT_ONLY = tuple(f"settings-{name}" for name in ("general", "network", "privacy", "metrics", "storage", "advanced"))
LIMIT = 2_500_000
SMALLEST = (720, 480)


def main(folder: Path) -> int:
    """All looks, each in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scale in LOOKS:
        env = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("WANDB_", "RUNFERRY_")) and not key.lower().endswith("_proxy")
        }
        with tempfile.TemporaryDirectory(prefix="runferry-pictures-") as base:
            env.update(QT_QPA_PLATFORM="offscreen", QT_SCALE_FACTOR=str(scale), HOME=base, RUNFERRY_HOME=base)
            env.update(PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
            command = [sys.executable, __file__, str(folder), name, str(scale), base]
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)  # the recorded training prints
    size = sum(one.stat().st_size for one in folder.glob("*.png"))
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}, {size / 1000:,.0f} kB")
    return 0 if size <= LIMIT else 1


def draw(folder: Path, look: str, scale: int, base: Path) -> None:
    """All pictures of one look."""
    from saving import save
    from stage import Stage
    from tray import picture as tray

    stage = Stage(base, dark=look == "dark")
    try:
        for name in screens(stage):
            if (scale == 1 or name in DOUBLE) and (look == "light" or name not in LIGHT_ONLY):
                picture = stage.picture()
                save(picture, folder / f"{name}-{look}{'' if scale == 1 else '@2x'}.png")
        if scale == 1:
            save(tray(scale), folder / f"tray-{look}.png")
    finally:
        stage.stop()


def screens(stage: Any) -> Iterator[str]:
    """Puts one screen after the other on the stage; gives its name once it is on."""
    yield from _runs(stage)
    yield from _one_run(stage)
    yield from _others(stage)
    yield from _sheets(stage)
    yield from _questions(stage)


def _runs(stage: Any) -> Iterator[str]:
    import scenes

    stage.scene(scenes.update((), ()), "runs")
    yield "runs-empty"
    stage.scene(scenes.update(scenes.typical(), scenes.servers_well()), "runs")
    yield "runs"
    stage.scene(scenes.update(scenes.typical(), scenes.servers_well()), "runs", size=SMALLEST)
    yield "runs-small"
    stage.scene(scenes.update(scenes.overfull(), scenes.servers_away()), "runs")
    yield "runs-overfull"


def _one_run(stage: Any) -> Iterator[str]:
    import scenes

    update = scenes.update(scenes.typical(), scenes.servers_well())
    page = stage.open_run(update)
    stage.until(lambda: page.overview.charts is not None and page.overview.charts.settled)
    for number, name in enumerate(("overview", "console", "files", "details")):
        page.tabs.setCurrentIndex(number)
        yield f"run-{name}"
    page.tabs.setCurrentIndex(0)
    long = "a name of two hundred letters, " * 7
    told = replace(scenes.typical()[0], name=long[:200], state=scenes.SyncState.PROBLEM, error=scenes.LONG)
    stage.open_run(scenes.update((told, *scenes.typical()[1:]), scenes.servers_well()))
    stage.window.resize(*SMALLEST)
    stage.until(lambda: page.overview.charts.settled)
    yield "run-trouble"
    page._back()


def _others(stage: Any) -> Iterator[str]:
    import scenes

    typical = scenes.typical()
    away = replace(typical[0], state=scenes.SyncState.RETRYING)
    stage.scene(scenes.update((away, *typical[1:]), scenes.servers_away()), "network")
    yield "network"
    problems = scenes.problems()
    stage.scene(scenes.update(typical, scenes.servers_untrusted(), *problems), "network")
    yield "network-untrusted"
    stage.scene(scenes.update(typical, scenes.servers_untrusted(), *problems), "problems")
    yield "problems"
    stage.scene(scenes.update(typical, scenes.servers_well()), "problems")
    yield "problems-none"
    _happened(stage)
    stage.scene(scenes.update(typical, scenes.servers_well()), "activity")
    yield "activity"
    from runferry.desktop.settings.panes import PANES

    for pane in PANES:
        stage.scene(scenes.update(typical, scenes.servers_well()), "settings", pane.name)
        yield f"settings-{pane.name}"


def _sheets(stage: Any) -> Iterator[str]:
    import scenes
    import sheets

    well = scenes.update(scenes.typical(), scenes.servers_well())
    stage.scene(well, "runs")
    sheets.drop(stage)
    yield "drop"
    stage.scene(well, "runs")
    first = sheets.first_start(stage)
    stage.until(lambda: stage.tasks.open == 0)
    yield "first-1"
    first.show_step(1)
    yield "first-2"
    sheets.end_of_first_start(first)
    yield "first-3"
    sheets.first_start_done(first)
    yield "first-done"


def _questions(stage: Any) -> Iterator[str]:
    import more_sheets
    import scenes

    well = scenes.update(scenes.typical(), scenes.servers_well())
    stage.scene(well, "runs")
    yield from more_sheets.drop_progress(stage)
    stage.scene(well, "network")
    yield from more_sheets.check(stage)
    stage.scene(well, "settings", "certificates")
    more_sheets.certificate(stage)
    yield "certificate"
    stage.scene(well, "runs")
    more_sheets.stop(stage)
    yield "stop"
    stage.scene(well, "runs")
    more_sheets.clean(stage)
    yield "clean"


def _happened(stage: Any) -> None:
    import scenes

    from runferry.engine.activity import ActivityKind as Kind
    from runferry.engine.activity import Severity

    note = stage.engine.activity.note
    note(Kind.FOUND, scenes.HOME, "sweep-12 was found")
    note(Kind.OUTAGE, scenes.COMPANY, "wandb.helmholtz-lab.example does not answer: connection reset", Severity.WARNING)
    note(Kind.RECOVERED, scenes.COMPANY, "wandb.helmholtz-lab.example answers again")
    note(Kind.DAMAGE, scenes.HOME, "sweep-12 is damaged: 31 rows are lost", Severity.WARNING)
    note(Kind.VERIFIED, scenes.HOME, "sweep-12 was verified: 4,969 rows")
    note(Kind.CRASHED, scenes.HOME, "lstm-notebook crashed at step 639", Severity.PROBLEM)
    note(Kind.FINISHED, scenes.HOME, "my awesome run finished: 2,000 rows")
    note(Kind.PAUSED, "", "Syncing was paused for an hour")
    note(Kind.RESUMED, "", "Syncing goes on")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        draw(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        raise SystemExit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET))

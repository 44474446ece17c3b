"""The sheets of the pictures, filled by hand: what somebody dropped, and what a first start finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import scenes
from PySide6.QtCore import Qt

from runferry.desktop.drop.choose import Choose
from runferry.desktop.drop.sheet import SIZE
from runferry.desktop.first.plan import Done
from runferry.desktop.first.sheet import SIZE as FIRST_SIZE
from runferry.desktop.first.sheet import FirstStart
from runferry.desktop.system.autostart import AutostartState
from runferry.engine.contents import Contents
from runferry.engine.drop import Found, NoRun, SentBefore
from runferry.engine.nearby import Nearby
from runferry.engine.places import Places, ServerPlace
from runferry.status import DamageReport, RunState


class Login:
    """A login that starts nothing."""

    def state(self) -> AutostartState:
        return AutostartState(False, "~/.config/autostart/runferry.desktop")

    def enable(self) -> None:
        """Not here."""

    def disable(self) -> None:
        """Not here."""


def drop(stage: Any) -> None:
    """Four runs and a folder that is none."""
    places = Places(
        (
            ServerPlace("local", projects=("demo", "mnist")),
            ServerPlace(scenes.COMPANY, key_from="keyring", teams=("vision", "ada")),
        ),
        scenes.COMPANY,
    )
    page = Choose(stage.context, places, lambda wanted: None, stage.window.close_sheet)
    contents = Contents(2000, 30, 120, ("notes.md", "model.pt"), 0, 0, "gpu-04", "ada", "--lr 3e-4", True, False)

    def found(number: int, name: str, **told: Any) -> Found:
        path = f"{scenes.HOME}/demo/wandb/offline-run-20261103_10{number:02}00-{number:08x}"
        values = {
            "path": path, "log": f"{path}/run.wandb", "kind": "wandb-offline", "run_id": f"{number:08x}", "name": name,
            "writer": "wandb 0.31.0", "rows": 2000, "bytes": 648_000, "entity": "vision", "project": "demo",
            "run_state": RunState.FINISHED, "contents": contents, "is_complete": True, **told,
        }  # fmt: skip
        return Found(**values)

    sent = SentBefore(scenes.COMPANY, scenes.COMPANY, "vision", "demo", "x", "", scenes.NOW - 20 * 86400, True)
    stage.window.sheet("Sync runs", page, *SIZE)
    page._dropped = 3
    page.model.take(
        [
            found(1, "my awesome run"),
            found(
                2,
                "sweep-12",
                writer="wandb 0.15.12",
                rows=4969,
                expected=5000,
                bytes=2_100_000,
                damage=DamageReport(2, 65_536, 31),
            ),
            found(
                3,
                "dryrun-20200731_101500",
                kind="legacy",
                writer="wandb 0.9.7",
                rows=300,
                bytes=90_000,
                project="",
            ),
            found(4, "resnet-6", rows=9000, bytes=3_400_000, sent=(sent,)),
            NoRun(f"{scenes.HOME}/demo/checkpoints", "no-log", "no .wandb log and no wandb-history.jsonl"),
        ]
    )
    page.table.setCurrentIndex(page.model.index(0, 0))
    page._refresh()


def first_start(stage: Any) -> FirstStart:
    """With two folders found nearby."""
    near = [
        Nearby(scenes.HOME, 41, scenes.NOW - 700),
        Nearby(str(Path(scenes.HOME).parent / "thesis"), 6, scenes.NOW - 9e6),
    ]
    sheet = FirstStart(
        stage.context,
        "https://api.wandb.ai",
        Login(),
        lambda: near,
        lambda: None,
        stage.window.close_sheet,
        lambda: None,
    )
    stage.window.sheet("Welcome to Runferry", sheet, *FIRST_SIZE)
    return sheet


def end_of_first_start(sheet: FirstStart) -> None:
    """Step 3, with one folder ticked."""
    sheet.folders.list.item(0).setCheckState(Qt.CheckState.Checked)
    sheet.show_step(2)


def first_start_done(sheet: FirstStart) -> None:
    """What it says in the end."""
    sheet._finished(Done(1))

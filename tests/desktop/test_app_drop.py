"""Run folders dragged out of another program onto the window: looked at first, then sent, then on the server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from desktop.rig.accessible import Element, Eyes
from desktop.rig.app import running
from desktop.rig.desktop import Desktop
from desktop.rig.part import Talker, until
from desktop.rig.pointer import Pointer
from desktop.rig.using import named, press, registered, says, told
from support import folders

RIG = Path(__file__).resolve().parent / "rig"
DAMAGED = "0.31.0-flip_payload"


@contextmanager
def source(desktop: Desktop, *paths: Path) -> Iterator[Talker]:
    """A window of another program, at the upper left, that offers these paths."""
    words = [sys.executable, str(RIG / "drag_source.py"), "4", "30", *map(str, paths)]
    made = Talker("source", words, desktop.environ, desktop.folder)
    made.log.unlink(missing_ok=True)
    made.start()
    try:
        Pointer(desktop).window("drag source")
        yield made
    finally:
        made.stop()


def drag(desktop: Desktop, window: Element, offered: Talker) -> None:
    """Take what the other program offers and let it go over the window's list."""
    pointer = Pointer(desktop)
    x, y, width, height = window.place
    pointer.drag((60, 80), (x + width // 2, y + height // 2))
    assert offered.wait_for("dropped")["taken"]


def damaged(top: Path) -> Path:
    """A run folder whose log has a block that cannot be read."""
    folder = top / "offline-run-20261123_010101-damaged1"
    folder.mkdir(parents=True)
    (folder / "run-damaged1.wandb").write_bytes(folders.logs("damaged.tar.xz")[DAMAGED])
    return folder


def served(home: Path) -> list[list[dict[str, Any]]]:
    """The rows of each run that the local server has, from its files; fewest first."""
    found = [one.read_text(encoding="utf-8").splitlines() for one in home.rglob("wandb-history.jsonl")]
    return sorted(([json.loads(line) for line in one] for one in found), key=len)


def test_a_dry_run_and_a_damaged_run_are_dropped_looked_at_and_sent(
    desktop: Desktop, eyes: Eyes, tmp_path: Path
) -> None:
    legacy = folders.legacy_folders(tmp_path / "from")["0.8.36-base-0"]
    broken, other = damaged(tmp_path / "from"), tmp_path / "checkpoints"
    other.mkdir()
    (other / "weights.bin").write_bytes(b"none")
    sent = (legacy / "wandb-history.jsonl").read_text(encoding="utf-8").splitlines()
    with (
        running(desktop, tmp_path / "app", RUNFERRY_SERVER="local") as app,
        source(desktop, legacy, broken, other) as offered,
    ):
        registered(desktop, app)
        window = named(app.window(eyes), "Runferry")
        press(window, "Not now")  # the first start's own target would watch what is dropped
        drag(desktop, window, offered)
        says(window, "Sync runs", "3 items dropped", "2 runs found", "1 is not a run")
        whole = says(window, "legacy dry run", "damaged: ", "checkpoints")
        assert str(len(sent)) in whole
        assert served(app.home) == []  # nothing is sent by the drop alone
        press(window, "Sync 2 runs")
        until(lambda: told(window).count("Verified") >= 2, "both runs are verified", 60)
        got = served(app.home)
        dry = next(one for one in got if len(one) == len(sent))
        assert [one["_step"] for one in dry] == [json.loads(one)["_step"] for one in sent]
        assert len(got) == 2
        assert app.complaints() == ""

"""Opt-outs of the training's shell and of the app: the stricter one wins."""

from __future__ import annotations

from pathlib import Path

import pytest

import runferry
from runferry.formats.detect import RunFolder, identify
from runferry.sync.wishes import Wishes, combine, glob_matches


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("*.patch", "diff.patch", True),
        ("*.patch", "code/diff.patch", False),
        ("code/*", "code/train.py", True),
        ("code/*", "code/a/train.py", False),
        ("*", "a/b", False),
        ("model-?.pt", "model-1.pt", True),
    ],
)
def test_globs_match_part_by_part(glob: str, name: str, matches: bool) -> None:
    assert glob_matches(glob, name) is matches


def test_the_stricter_wish_wins() -> None:
    marker = {"metrics_only": True, "console": False, "ignore_globs": ["*.pt"]}
    wishes = combine(Wishes(ignore_globs=("*.patch",)), marker)
    assert wishes.metrics_only
    assert not wishes.console
    assert wishes.ignore_globs == ("*.patch", "*.pt")
    assert not wishes.may_send_file("notes.txt")


def test_a_marker_cannot_loosen_the_app() -> None:
    wishes = combine(Wishes(metrics_only=True, console=False), {"metrics_only": False, "console": True})
    assert wishes.metrics_only
    assert not wishes.console


def test_a_broken_marker_is_no_wish() -> None:
    assert combine(Wishes(), {"ignore_globs": "nonsense", "console": None}) == Wishes()


def test_what_the_recorder_was_told_reaches_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_IGNORE_GLOBS", "*.pt,secret/*")
    monkeypatch.setenv("RUNFERRY_METRICS_ONLY", "1")
    monkeypatch.setenv("WANDB_SILENT", "true")
    runferry.init(dir=str(tmp_path)).finish()
    folder = identify(next((tmp_path / "wandb").glob("offline-run-*")))
    assert isinstance(folder, RunFolder)
    assert combine(Wishes(), folder.marker) == Wishes(True, False, ("*.pt", "secret/*"))

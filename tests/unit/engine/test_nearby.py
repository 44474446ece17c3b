"""Folders that are offered at the first start."""

from __future__ import annotations

import os
from pathlib import Path

from runferry.engine.nearby import nearby


def make(folder: Path, runs: int, changed: float) -> str:
    for number in range(runs):
        run = folder / f"offline-run-20261101_1200{number:02}-abcdef{number:02}"
        run.mkdir(parents=True)
        os.utime(run, (changed, changed))
    return str(folder.resolve())


def test_where_runs_lie_the_newest_first(tmp_path: Path) -> None:
    home, here, named = tmp_path / "home", tmp_path / "here", tmp_path / "named"
    for one in (home / ".cache" / "wandb", home / "documents", here, named):
        one.mkdir(parents=True)
    deep = make(home / "projects" / "resnet" / "wandb", 3, 3000)
    beside = make(here / "wandb", 1, 2000)
    variable = make(named / "wandb", 2, 4000)
    own = make(home / "wandb", 1, 1000)
    make(home / ".cache" / "wandb", 1, 9000)  # hidden folders are nobody's choice
    found = nearby({"WANDB_DIR": str(named)}, here, home)
    assert [(one.path, one.runs) for one in found] == [(variable, 2), (deep, 3), (beside, 1), (own, 1)]


def test_nothing_is_offered_where_nothing_is(tmp_path: Path) -> None:
    assert nearby({}, Path(tmp_path.anchor), tmp_path / "gone") == []


def test_a_place_that_comes_twice_is_offered_once(tmp_path: Path) -> None:
    make(tmp_path / "wandb", 1, 1000)
    assert len(nearby({"WANDB_DIR": str(tmp_path)}, tmp_path, tmp_path)) == 1

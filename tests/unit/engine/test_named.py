"""Runs by their names, and what is said of one that cannot be stopped because it has ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import runferry
from runferry.engine.ended import why_not_running
from runferry.engine.engine import Engine
from runferry.engine.named import named_runs
from runferry.engine.stopping import targets_of
from runferry.errors import AppError, UsageError
from runferry.formats.detect import RunFolder, identify
from runferry.paths import Home
from runferry.settings import Settings


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    with Engine(home, Settings.load(home.settings_file, {}), {}) as started:
        yield started


def sent(engine: Engine, folder: Path, run_id: str, name: str) -> Path:
    """A finished run, as the ledger knows it after it was sent."""
    folder.mkdir(exist_ok=True)
    run = runferry.init(dir=str(folder), id=run_id, settings={"console": "off", "silent": True})
    run.log({"loss": 1})
    run.finish()
    (log,) = folder.glob(f"wandb/*-{run_id}/*.wandb")
    ledger = engine.ledger
    made = ledger.delivery(ledger.source(run_id, run_id, log), ledger.target("https://x", "team", "demo", run_id))
    ledger.update(made, counts={"name": name})
    return log.parent


def test_a_name_stands_for_the_one_run_that_has_it(engine: Engine, tmp_path: Path) -> None:
    path = sent(engine, tmp_path / "runs", "one", "finished one")
    sent(engine, tmp_path / "runs", "two", "another")
    assert [one.path for one in named_runs(engine, "finished one")] == [path]
    assert [one.path for one in named_runs(engine, "one")] == [path]
    with pytest.raises(AppError) as raised:
        targets_of(engine, "finished one")
    assert raised.value.slug == "already-ended"


def test_a_name_of_several_says_their_ids(engine: Engine, tmp_path: Path) -> None:
    for run_id in ("one", "two"):
        sent(engine, tmp_path / "runs", run_id, "same")
    with pytest.raises(UsageError) as raised:
        named_runs(engine, "same")
    assert raised.value.message == "'same' is the name of one, two."


@pytest.mark.parametrize("said", ["", "nobody"])
def test_what_is_no_name_is_no_run(engine: Engine, tmp_path: Path, said: str) -> None:
    sent(engine, tmp_path / "runs", "one", "")
    with pytest.raises(UsageError, match="No such run"):
        named_runs(engine, said)


def test_how_and_when_it_ended(engine: Engine, tmp_path: Path) -> None:
    path = sent(engine, tmp_path / "runs", "one", "")
    assert "finished on 20" in why_not_running(found(path)).message
    marker = path / "runferry.json"
    told = json.loads(marker.read_text())
    marker.unlink()
    assert "finished on 20" in why_not_running(found(path)).message, "the log says so too"
    marker.write_text(json.dumps({**told, "outcome": "failed"}))
    assert "failed on 20" in why_not_running(found(path)).message


def test_of_an_end_that_nobody_knows_nothing_is_said(engine: Engine, tmp_path: Path) -> None:
    path = sent(engine, tmp_path / "runs", "one", "")
    (path / "runferry.json").unlink()
    (log,) = path.glob("*.wandb")
    log.write_bytes(log.read_bytes()[:-40])
    assert why_not_running(found(path)).slug == "not-running-here"


def found(path: Path) -> RunFolder:
    folder = identify(path)
    assert isinstance(folder, RunFolder)
    return folder

"""What a sheet shows of dropped folders, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import runferry
from runferry.engine.drop import Found, look_at
from runferry.engine.engine import Engine
from runferry.formats.readers import extent
from runferry.paths import Home
from runferry.settings import Settings
from support import folders


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    with Engine(home, Settings(), {}) as started:
        yield started


def record(folder: Path, run_id: str, **values: str) -> Path:
    folder.mkdir(exist_ok=True)
    run = runferry.init(dir=str(folder), id=run_id, settings={"console": "off", "silent": True}, **values)  # type: ignore[arg-type]
    for step in range(7):
        run.log({"loss": step})
    run.finish()
    (made,) = (folder / "wandb").glob(f"offline-run-*-{run_id}")
    return made


def by_id(found: list[Found]) -> dict[str, Found]:
    return {one.run_id: one for one in found}


def test_a_parent_of_many_a_log_and_what_is_no_run(engine: Engine, tmp_path: Path) -> None:
    record(tmp_path / "runs", "a", project="demo", entity="team", name="fit")
    log = next(record(tmp_path / "runs", "b").glob("*.wandb"))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    paths = [tmp_path / "runs", log, tmp_path / "checkpoints", tmp_path / "notes.txt", tmp_path / "nowhere"]
    found = list(look_at(engine, paths))
    assert [one.is_run for one in found] == [True, True, False, False, False], "a run that is named twice comes once"
    first = by_id(found)["a"]
    assert (first.name, first.kind, first.rows, first.entity, first.project) == (
        "fit",
        "recorded run",
        7,
        "team",
        "demo",
    )
    assert (first.server, first.server_missing, first.project_missing) == ("local", False, False)
    assert first.bytes > 0
    assert first.is_suggested
    assert "7 rows" in first.sends
    assert by_id(found)["b"].project_missing
    assert found[2].error is not None
    assert "checkpoints/ holds no run" in found[2].error["message"]


def test_it_comes_while_the_rest_is_still_looked_for(engine: Engine, tmp_path: Path) -> None:
    record(tmp_path / "runs", "a")
    record(tmp_path / "runs", "b")
    found = look_at(engine, [tmp_path / "runs" / "wandb"])
    assert next(found).is_run
    found.close()
    assert list(look_at(engine, [tmp_path / "runs"], is_cancelled=lambda: True)) == []


def test_what_the_sheet_says_counts(engine: Engine, tmp_path: Path) -> None:
    record(tmp_path / "runs", "a", project="demo")
    (one,) = look_at(engine, [tmp_path], "https://w.example", "them", "other", metrics_only=True)
    assert (one.server, one.entity, one.project) == ("https://w.example", "them", "other")
    assert one.sends[-1] == "nothing else (metrics only)"


def test_a_server_that_has_to_be_chosen(engine: Engine, tmp_path: Path) -> None:
    record(tmp_path / "runs", "a")
    engine.environ["WANDB_API_KEY"] = "k" * 40
    (one,) = look_at(engine, [tmp_path])
    assert one.server_missing
    assert one.server == ""


def test_what_was_verified_before_is_not_suggested_again(engine: Engine, tmp_path: Path) -> None:
    log = next(record(tmp_path / "runs", "a").glob("*.wandb")).resolve()
    ledger, (size, changed) = engine.ledger, extent(log)
    target = ledger.target("https://w.example", "e", "p", "a")
    delivery = ledger.delivery(ledger.source("x", "a", log), target)
    ledger.update(delivery, state="verified", verified_at=9.0, verified_size=size, verified_mtime_ns=changed)
    (there,) = look_at(engine, [tmp_path], "https://w.example")
    assert [(one.server, one.at, one.project) for one in there.verified] == [("https://w.example", 9.0, "p")]
    assert not there.is_suggested
    (elsewhere,) = look_at(engine, [tmp_path], "https://other.example")
    assert elsewhere.is_suggested
    with log.open("ab") as file:
        file.write(b"more")
    (grown,) = look_at(engine, [tmp_path], "https://w.example")
    assert grown.verified == ()
    assert replace(grown, verified=there.verified).is_run


def test_old_and_damaged_runs_are_named_as_what_they_are(engine: Engine, tmp_path: Path) -> None:
    legacy = folders.legacy_folders(tmp_path / "old")
    found = list(look_at(engine, [tmp_path / "old"]))
    assert len(found) == len(legacy)
    assert {one.kind for one in found} <= {"legacy dry run", "legacy run"}
    log = next(record(tmp_path / "runs", "a").glob("*.wandb"))
    content = bytearray(log.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 40] = b"\xff" * 40
    log.write_bytes(content)
    (damaged,) = look_at(engine, [log])
    assert damaged.damage is not None
    assert damaged.rows < 7

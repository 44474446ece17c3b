"""A run with several logs is one run on the server: summary, config, console, files and end are those of all of them.

The same whichever is delivered first, by whom, and whether the other log still lies there.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry.status import SyncState
from support import stores
from support.in_process import Carrier, carrying, engine_for, item, log_of, put_log

ID = "parts"


def part(top: Path, number: int, write: Callable[[Any], None], exit_code: int = 0, **options: Any) -> Path:
    """One log of the run, by the recorder, in a place of its own."""
    place = top / f"part{number}"
    place.mkdir(parents=True)
    settings = {"console": "off", "silent": True}
    run = runferry.init(project="parity", id=ID, resume="allow", dir=str(place), settings=settings, **options)
    write(run)
    run.finish(exit_code)
    return next((place / "wandb").glob("offline-run-*"))


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    with carrying(tmp_path) as running:
        yield running


def first(run: Any) -> None:
    run.define_metric("loss", summary="min,max,mean,last")
    for value in (5, 1, 9):
        run.log({"loss": value, "a": value, "nested": {"one": 1, "both": 1}})
    run.summary["s1"] = 1
    run.summary["gone"] = 1
    run.config["late"] = 1


def second(run: Any) -> None:
    run.define_metric("loss", summary="min,max,mean,last")
    for value in (4, 2):
        run.log({"loss": value, "b": value, "nested": {"two": 2, "both": 2}})
    run.summary["s2"] = 2


FIRST = {"config": {"lr": 0.1, "deep": {"x": 1, "y": 1}}, "name": "first", "tags": ["one"], "notes": "kept"}
SECOND = {"config": {"lr": 0.2, "deep": {"x": 2}, "new": True}, "name": "second"}


def two(top: Path) -> tuple[Path, Path]:
    return part(top, 1, first, exit_code=1, **FIRST), part(top, 2, second, **SECOND)


def check(carrier: Carrier) -> None:
    """What both logs say together."""
    stored = stores.read(carrier.data, ID)
    summary = {key: value for key, value in stored.summary.items() if not key.startswith("_")}
    assert summary == {
        "loss": {"min": 1, "max": 9, "mean": 21 / 5, "last": 2},
        "a": 9, "b": 2, "s1": 1, "s2": 2, "gone": 1, "nested": {"one": 1, "two": 2, "both": 2},
    }  # fmt: skip
    config = {key: value for key, value in stored.config.items() if key != "_wandb"}
    assert config == {"lr": 0.2, "deep": {"x": 2, "y": 1}, "new": True, "late": 1}
    assert [one["1"] for one in stored.config["_wandb"]["m"]] == ["loss"]
    record = stored.record
    assert (record["display_name"], record["tags"], record["notes"]) == ("second", ["one"], "kept")
    assert (record["state"], record["exit_code"]) == ("finished", 0)
    assert json.loads(stored.files["wandb-summary.json"])["s1"] == 1
    assert b"late" in stored.files["config.yaml"]
    assert len(stored.rows) == 5


def verified(carrier: Carrier, *paths: Path) -> None:
    for one in carrier.sync(*paths):
        assert (one.state, one.error) == (SyncState.VERIFIED, None), one.path
        assert one.rows_acknowledged <= one.rows


@pytest.mark.parametrize("order", ["first, second", "second, first", "together", "first twice"])
def test_in_whatever_order(carrier: Carrier, tmp_path: Path, order: str) -> None:
    one, other = two(tmp_path)
    turns: dict[str, list[tuple[Path, ...]]] = {
        "first, second": [(one,), (other,)], "second, first": [(other,), (one,)], "together": [(one, other)],
        "first twice": [(one,), (other,), (one,)],
    }  # fmt: skip
    for paths in turns[order]:
        verified(carrier, *paths)
    check(carrier)
    rows = stores.row_lines(carrier.data, ID)
    verified(carrier, one, other)
    check(carrier)
    assert stores.row_lines(carrier.data, ID) == rows


def test_the_first_log_is_gone_when_the_second_comes(carrier: Carrier, tmp_path: Path) -> None:
    """Then the server is asked what it says: but for the mean, which begins anew."""
    one, other = two(tmp_path)
    verified(carrier, one)
    shutil.rmtree(one)
    verified(carrier, other)
    summary = stores.read(carrier.data, ID).summary
    assert {key: summary[key] for key in ("a", "b", "s1", "s2", "gone")} == {
        "a": 9,
        "b": 2,
        "s1": 1,
        "s2": 2,
        "gone": 1,
    }
    assert (summary["loss"]["min"], summary["loss"]["max"], summary["loss"]["last"]) == (1, 9, 2)
    assert stores.read(carrier.data, ID).config["late"] == 1


@pytest.mark.parametrize("is_turned", [False, True])
def test_each_by_another_computer(carrier: Carrier, tmp_path: Path, is_turned: bool) -> None:
    """Two states that know nothing of each other: what the server has is asked from it."""
    logs = list(two(tmp_path))
    if is_turned:
        logs.reverse()
    verified(carrier, logs[0])
    with engine_for(carrier.server, tmp_path / "other") as engine:
        verified(Carrier(engine, carrier.server, carrier.data), logs[1])
    stored = stores.read(carrier.data, ID)
    assert {"a": 9, "b": 2, "s1": 1, "s2": 2}.items() <= stored.summary.items()
    assert (stored.summary["loss"]["min"], stored.summary["loss"]["max"]) == (1, 9)
    assert {"late": 1, "new": True}.items() <= stored.config.items()
    assert len(stored.rows) == 5


@pytest.mark.parametrize("is_turned", [False, True])
def test_each_by_another_computer_again_and_again(carrier: Carrier, tmp_path: Path, is_turned: bool) -> None:
    """They agree on what the later log says, whoever comes last: nothing is turned back, and nobody gives an alarm."""

    def saved(write: Callable[[Any], None], text: str) -> Callable[[Any], None]:
        def both(run: Any) -> None:
            write(run)
            (Path(run.dir) / "model.pt").write_text(text)
            run.save(str(Path(run.dir) / "model.pt"), base_path=run.dir)

        return both

    early = part(tmp_path, 1, saved(first, "early"), exit_code=1, **FIRST)
    late = part(tmp_path, 2, saved(second, "late"), exit_code=3, **SECOND)
    told = []
    with engine_for(carrier.server, tmp_path / "other") as engine:
        other = Carrier(engine, carrier.server, carrier.data)
        turns = [(carrier, early), (other, late)]
        for who, log in (turns[::-1] if is_turned else turns) * 3:
            verified(who, log)
            stored = stores.read(carrier.data, ID)
            told.append((stored.record["exit_code"], stored.config["lr"], stored.files["model.pt"], stored.summary))
    last = told[-1]
    assert (last[:3], last[3]["loss"]["min"], last[3]["loss"]["max"]) == ((3, 0.2, b"late"), 1, 9)
    assert all(one == last for one in told[3:]), "nothing changes any more"
    assert len(stores.read(carrier.data, ID).rows) == 5


def test_the_ledger_was_lost(carrier: Carrier, tmp_path: Path) -> None:
    one, other = two(tmp_path)
    verified(carrier, one, other)
    rows = stores.row_lines(carrier.data, ID)
    with engine_for(carrier.server, tmp_path / "new") as engine:
        verified(Carrier(engine, carrier.server, carrier.data), other, one)
    check(carrier)
    assert stores.row_lines(carrier.data, ID) == rows


def test_what_a_later_log_removes_is_gone(carrier: Carrier, tmp_path: Path) -> None:
    def remove(run: Any) -> None:
        run.summary["gone"] = 2
        del run.summary["gone"]

    one, other = part(tmp_path, 1, first, **FIRST), part(tmp_path, 2, remove)
    verified(carrier, other)
    verified(carrier, one)
    assert "gone" not in stores.read(carrier.data, ID).summary


# -- logs that are written at the same time ---------------------------------------------------------------------------


def records(started: int, keys: str, seconds: list[int], exit_code: int | None) -> list[Any]:
    """A log with a row for each second, begun at `started`."""
    made: list[Any] = [{"run": {"run_id": ID, "project": "parity", "start_time": {"seconds": started}}}]
    for number, second in enumerate(seconds):
        items = [item(key, str(second)) for key in keys] + [item("_timestamp", str(second)), item("_step", str(number))]
        made += [{"summary": {"update": items}}, {"history": {"item": items, "step": {"num": number}}}]
        line = {"output_type": 1, "line": f"{keys} {second}\n", "timestamp": {"seconds": second}}
        made.append({"output_raw": line})
    if exit_code is not None:
        made.append({"exit": {"exit_code": exit_code, "runtime": seconds[-1] - started}})
    return made


T = 1_760_000_000
TRAINING = (T, "lt", [T + 1, T + 3, T + 5, T + 9], 1)  # begun first, ended last, and failed
TEST = (T + 2, "et", [T + 3, T + 4], 0)


@pytest.mark.parametrize("order", list(itertools.permutations(["training", "half", "test", "both"], 3)))
def test_a_test_run_beside_its_training(carrier: Carrier, tmp_path: Path, order: tuple[str, ...]) -> None:
    """Delivered as a whole, or first a half of the training, in every order: the training ended last."""
    whole = log_of(records(*TRAINING))
    half = log_of(records(*TRAINING)[:7])
    test = put_log(tmp_path / "w", ID, log_of(records(*TEST)), "20260101_000001")
    for step in (*order, "both"):
        training = put_log(tmp_path / "w", ID, half if step == "half" else whole)
        log = training / f"run-{ID}.wandb"
        if step == "half" and "training" in order[: order.index("half")]:
            continue  # a log does not shrink
        carrier.sync(*([training] if step in ("training", "half") else [test] if step == "test" else [training, test]))
        assert log.exists()
    for found in carrier.sync(training, test):
        assert (found.state, found.error) == (SyncState.VERIFIED, None), found.path
    stored = stores.read(carrier.data, ID)
    assert {key: stored.summary[key] for key in "let"} == {"l": T + 9, "e": T + 4, "t": T + 9}
    assert stored.summary["_timestamp"] == T + 9
    assert (stored.record["state"], stored.record["exit_code"]) == ("failed", 1)
    lines = [f"{keys} {second}\n" for _, keys, seconds, _ in (TRAINING, TEST) for second in seconds]
    assert stored.files["output.log"].decode() == "".join(lines)
    assert sorted(text for _, text in stored.console) == sorted(line.rstrip("\n") for line in lines)
    assert len(stored.rows) == 6
    assert len({json.dumps(row, sort_keys=True) for row in stored.rows}) == 6


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_file_that_both_have_is_the_last_ones(carrier: Carrier, tmp_path: Path, is_turned: bool) -> None:
    def saved(text: str) -> Callable[[Any], None]:
        def write(run: Any) -> None:
            path = Path(run.dir).parents[2] / "model.txt"  # beside the wandb folder, where links may lead
            path.write_text(text)
            run.save(str(path), base_path=str(path.parent), policy="end")
            run.log({text: 1})

        return write

    logs = [part(tmp_path, 1, saved("early")), part(tmp_path, 2, saved("late"))]
    for one in reversed(logs) if is_turned else logs:
        verified(carrier, one)
    assert stores.read(carrier.data, ID).files["model.txt"] == b"late"
    verified(carrier, *logs)
    assert stores.read(carrier.data, ID).files["model.txt"] == b"late"

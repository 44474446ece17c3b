"""`log`: rows, steps, commits, and what it does with what nobody expects."""

from __future__ import annotations

import itertools
import math
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import runferry
from recorder_log import Log
from runferry.errors import UsageError
from runferry.recorder.faults import Faults
from runferry.recorder.recording import Recording


def test_rows_carry_step_runtime_and_timestamp(start: Any, log: Any) -> None:
    run = start()
    before = time.time()
    run.log({"loss": 0.5})
    run.log({"loss": 0.25})
    run.finish()
    rows = log().rows
    assert [row["_step"] for row in rows] == [0, 1]
    assert [row["loss"] for row in rows] == [0.5, 0.25]
    assert before - 0.001 <= rows[0]["_timestamp"] <= rows[1]["_timestamp"] <= time.time()
    assert rows[0]["_runtime"] == pytest.approx(rows[0]["_timestamp"] - run.start_time, abs=1e-4)


def test_records_are_in_order_and_numbered(start: Any, log: Any) -> None:
    run = start(config={"a": 1})
    run.log({"loss": 1})
    run.finish()
    found = log()
    assert found.kinds == [
        "header",
        "run",
        "environment",
        "telemetry",
        "files",
        "summary",
        "history",
        "summary",
        "exit",
    ]
    assert [one.num for one in found.records] == list(range(1, len(found.records) + 1))
    assert {one._info.stream_id for one in found.records} == {run.id}
    assert found.all("header")[0].version_info.producer == f"runferry/{runferry.__version__}"


def test_steps_and_commits_mean_what_they_mean_in_wandb(start: Any, log: Any) -> None:
    # The same calls were made with wandb 0.31; these are its rows.
    run = start()
    run.log({"a": 1})
    run.log({})
    run.log({"q": 1}, step=10)
    run.log({"q2": 1}, step=10)
    run.log({"q": 2}, step=5)
    run.log({"w": 1}, commit=False)
    run.log({"w2": 1})
    run.log({"c": 1}, step=20, commit=True)
    run.log({"c": 2})
    run.log({"open": 1}, step=30)
    assert run.step == 30
    run.finish()
    found = log()
    assert [(row["_step"], metrics) for row, metrics in zip(found.rows, found.metrics(), strict=True)] == [
        (0, {"a": 1}),
        (1, {}),
        (10, {"q": 1, "q2": 1, "w": 1, "w2": 1}),
        (20, {"c": 1}),
        (21, {"c": 2}),
        (30, {"open": 1}),
    ]


def test_a_committed_row_is_in_the_file_when_log_returns(start: Any, log: Any) -> None:
    run = start()
    for step in range(50):
        run.log({"x": step})
        assert log().rows[-1]["x"] == step


def test_nested_values_become_leaves_and_literal_dots_stay(start: Any, log: Any) -> None:
    run = start()
    run.log({"a": {"b": {"c": 1}, "d": 2}, "a.b": 3, "empty": {}, "list": [{"x": 1}]})
    run.finish()
    (row,) = log().metrics()
    assert row == {"a": {"b": {"c": 1}, "d": 2}, "a.b": 3, "list": [{"x": 1}]}
    paths = [tuple(item.nested_key) for item in log().all("history")[0].item]
    assert ("a", "b", "c") in paths
    assert ("a.b",) in paths


def test_numbers_and_texts_survive(start: Any, log: Any) -> None:
    row = {
        "nan": math.nan, "inf": math.inf, "minus": -math.inf, "inference/nano": 1.5, "big": 2**60, "tiny": 5e-324,
        "long": -1.7976931348623157e308, "text": 'q"\\\n☃𝄞\x00', "on": True, "off": False, "none": None, "ключ": 1,
        "exact": 0.1 + 0.2, "negative": -7, "huge": 2**70, "giant": 10**30, "": "empty key",
    }  # fmt: skip
    run = start()
    run.log(row)
    run.log({**row, "nested": {"x": math.nan}})
    run.finish()
    first, second = _own(log())
    assert math.isnan(first.pop("nan"))
    assert math.isnan(second.pop("nan"))
    expected = {**row, "giant": 1e30}
    del expected["nan"]
    assert first == expected
    assert math.isnan(second.pop("nested")["x"])
    assert second == expected


_KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda key: not key.startswith("_"))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, min_size=1, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.dictionaries(_KEYS, _VALUES, max_size=6), max_size=6))
def test_any_rows_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    place = tmp_path_factory.mktemp("rows")
    run = runferry.init(dir=place, settings={"silent": True, "console": "off"})
    for row in rows:
        run.log(row)
    run.finish()
    (path,) = place.glob("wandb/offline-run-*/run-*.wandb")
    assert repr(_own(Log(path))) == repr([_without_empty(row) for row in rows])


def _own(log: Log) -> list[dict[str, Any]]:
    internal = ("_step", "_runtime", "_timestamp")
    return [{key: value for key, value in row.items() if key not in internal} for row in log.rows]


def _without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {key: _without_empty(one) for key, one in value.items()}
    return {key: one for key, one in kept.items() if one != {}}


def test_a_row_of_megabytes_and_its_neighbours(start: Any, log: Any) -> None:
    run = start()
    text = "ü" * 5_000_000
    run.log({"a": 1})
    run.log({"text": text})
    run.log({"a": 2})
    run.finish()
    assert [row.get("a") for row in log().rows] == [1, None, 2]
    assert log().rows[1]["text"] == text


def test_thousands_of_rows_cross_blocks(start: Any, log: Any) -> None:
    run = start()
    for step in range(3000):
        run.log({"loss": 1 / (step + 1), "name": "x" * (step % 97)})
    run.finish()
    rows = log().rows
    assert [row["_step"] for row in rows] == list(range(3000))
    assert all(row["loss"] == 1 / (row["_step"] + 1) for row in rows)


def test_threads_lose_nothing(start: Any, log: Any) -> None:
    run = start()

    def work(name: int) -> None:
        for at in range(300):
            run.log({f"t{name}": at, "nested": {"x": at}} if at % 2 else {f"t{name}": at})
            run.config[f"k{name}"] = at
            run.summary[f"s{name}"] = at

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    run.finish()
    found = log()
    assert [row["_step"] for row in found.rows] == list(range(1800))
    for name in range(6):
        assert [row[f"t{name}"] for row in found.rows if f"t{name}" in row] == list(range(300))
    assert [one.num for one in found.records] == list(range(1, len(found.records) + 1))
    assert found.summary["s3"] == 299
    assert found.config["k3"] == 299


@pytest.mark.parametrize("data", [None, 5, "x", [1], {1: 2, None: 3}, object()])
def test_nothing_that_is_logged_raises(start: Any, log: Any, data: Any) -> None:
    run = start()
    run.log(data)
    run.log({"after": 1})
    run.finish()
    assert log().metrics()[-1] == {"after": 1}
    if isinstance(data, dict):
        assert log().metrics()[0] == {"1": 2, "None": 3}


@pytest.mark.parametrize("step", ["x", 1.5, math.nan, math.inf, object()])
def test_no_step_raises(start: Any, log: Any, step: Any) -> None:
    run = start()
    run.log({"a": 1}, step=step)
    run.log({"b": 1})
    run.finish()
    assert {key for row in log().metrics() for key in row} == {"a", "b"}


def test_what_cannot_be_said_is_kept_as_text_and_told(start: Any, log: Any) -> None:
    class Rude:
        def __str__(self) -> str:
            raise RuntimeError("no")

    circle: list[Any] = []
    circle.append(circle)
    run = start()
    run.log({"rude": Rude(), "circle": circle, "object": object(), "ok": 1})
    run.finish()
    (row,) = log().metrics()
    assert row["ok"] == 1
    assert row["rude"] == "<Rude>"
    assert row["object"].startswith("<object object")
    assert "recorded as text" in log().console


def test_a_value_that_prints_and_logs_while_it_is_converted(start: Any, log: Any) -> None:
    class Talkative:
        def __float__(self) -> float:
            print("converting")
            run.log({"inner": 1})
            return 2.5

    run = start(settings={"console": "wrap"})
    run.log({"outer": Talkative()})
    run.finish()
    assert log().metrics() == [{"outer": 2.5}, {"inner": 1}]
    assert "converting\n" in log().console


def test_before_init_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from runferry.recorder import api

    monkeypatch.setattr(api, "_current", None)
    for use in (lambda: runferry.log({}), lambda: runferry.config.lr, lambda: runferry.summary["x"]):
        with pytest.raises(UsageError, match=r"before runferry\.init"):
            use()
    assert runferry.run is None


def test_after_finish_it_warns_and_counts(start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run = start(settings={"silent": False})
    run.finish()
    run.log({"a": 1})
    run.log({"a": 1})
    run.summary["x"] = 1
    run.define_metric("x")
    run.alert("x")
    assert run.save("x") == []
    run.finish()
    assert capsys.readouterr().err.count("does nothing") == 1
    assert run._faults.counts["too-late"] >= 5


def test_keys_made_up_row_by_row_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from runferry.recorder import rows

    monkeypatch.setattr(rows, "_MOST_KEYS", 10)
    recording = Recording(None, "x", 0.0, Faults(True))
    for at in range(100):
        recording.log({f"k{at}": 1.0})
    assert len(recording._encoder._prefixes) <= 12


def test_an_interrupt_in_the_middle_leaves_a_readable_log(
    start: Any, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    run = start()
    run.log({"a": 0})
    real = os.write

    def interrupted(fd: int, data: Any) -> int:
        real(fd, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.log({"a": 1})
    monkeypatch.setattr(os, "write", real)
    run.log({"a": 2})
    run.finish()
    assert [(row["_step"], row["a"]) for row in log().rows] == [(0, 0), (1, 1), (2, 2)]


def test_module_functions_act_on_the_run(start: Any, log: Any, place: Path) -> None:
    run = start(config={"lr": 1})
    assert runferry.run is run
    runferry.log({"a": 1})
    runferry.define_metric("a", summary="min")
    runferry.config.lr = 2
    runferry.summary["s"] = 3
    (place / "f.txt").write_text("x")
    assert runferry.save("f.txt") == [str(Path(run.dir) / "f.txt")]
    runferry.alert("t")
    runferry.finish()
    assert runferry.run is None
    found = log()
    assert found.config["lr"] == 2
    assert found.summary["s"] == 3
    assert found.exit_code == 0


@pytest.mark.parametrize("step", [10**30, 2**63, 2**64 - 1, math.inf, math.nan, "x", [1], object(), -(10**30)])
def test_a_step_that_cannot_be_costs_no_later_row(start: Any, log: Any, step: Any) -> None:
    run = start()
    run.log({"a": 1})
    run.log({"b": 1}, step=step)
    run.log({"c": 1})
    run.log({"d": 1}, step=10)
    run.finish()
    rows = log().rows
    assert [row["_step"] for row in rows][-1] == 10
    assert {key for row in rows for key in row} >= {"a", "c", "d"}
    assert log().summary["_step"] == 10


def test_an_array_as_a_step(start: Any, log: Any) -> None:
    numpy = pytest.importorskip("numpy")
    run = start()
    for step in (numpy.int64(3), numpy.array(5), numpy.array([1, 2]), 9.0, "11"):
        run.log({"a": 1}, step=step)
    run.finish()
    assert [row["_step"] for row in log().rows] == [3, 5, 9, 11]


def test_the_recorders_own_keys_are_its_own(start: Any, log: Any) -> None:
    run = start(config={"_wandb": 5, "lr": 1})
    run.log({"_step": 7, "_timestamp": 1, "_runtime": 2, "_wandb": 3, "loss": 0.5})
    run.log({"_step": None, "acc": [1]}, step=4)
    run.log(None)
    run.log(5)
    run.log({"last": 1})
    run.config._wandb = 1
    run.finish()
    found = log()
    assert found.metrics() == [{"loss": 0.5}, {"acc": [1], "last": 1}]
    assert [row["_step"] for row in found.rows] == [0, 4]
    assert found.summary["_step"] == 4
    assert found.summary["_timestamp"] > 1e9
    assert found.summary["_wandb"] == {"runtime": 0}
    assert found.config == {"_wandb": {}, "lr": 1}


class Unwilling:
    """Raises whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    __str__ = __repr__ = __int__ = __float__ = __iter__ = __bool__ = lambda self: 1 / 0  # type: ignore[assignment]


class Closed:
    """Does not even tell its class."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class Endless:
    """Gives elements for ever."""

    def __iter__(self) -> Any:
        return itertools.repeat("x")


@pytest.mark.parametrize(
    "odd",
    [
        "Closed()",
        "Endless()",
        "None",
        "5",
        "'x'",
        "[('a', 1)]",
        "Unwilling()",
        "object()",
        "b'x'",
        "1.5",
        "{1: 2}",
        "10**400",
    ],
)
def test_no_public_call_raises(start: Any, odd: str) -> None:
    odd = eval(odd)
    run = start()
    calls = [
        lambda: run.log(odd), lambda: run.log({"a": odd}, step=odd), lambda: run.log({"a": 1}, commit=odd),
        lambda: run.config.update(odd), lambda: run.config.setdefaults(odd), lambda: run.summary.update(odd),
        lambda: run.define_metric(odd), lambda: run.define_metric("a", step_metric=odd),
        lambda: run.define_metric("b", summary=odd), lambda: run.define_metric("c", goal=odd),
        lambda: run.save(odd), lambda: run.save("x", base_path=odd), lambda: run.save("x", policy=odd),
        lambda: run.alert(odd, odd, odd, odd), lambda: setattr(run, "name", odd), lambda: setattr(run, "notes", odd),
        lambda: setattr(run, "tags", odd), lambda: run.finish(odd),
    ]  # fmt: skip
    for at, call in enumerate(calls):
        call()
        if at < len(calls) - 1:
            run.define_metric(f"good{at}", summary="max")
            run.log({f"good{at}": 1})
    folder = Path(run.sync_dir)
    found = Log(folder / f"run-{run.id}.wandb")
    assert [row for row in found.metrics() if any(key.startswith("good") for key in row)]
    assert {key for key in found.summary if key.startswith("good")} == {f"good{at}" for at in range(len(calls) - 1)}
    assert all(found.summary[f"good{at}"] == {"max": 1} for at in range(len(calls) - 1))

"""Curves from a log: in pieces, only those wanted, of the run that is open now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

import runferry
from runferry.desktop.context import Context
from runferry.desktop.run.feed import Curves, Feed
from runferry.engine.curves import CurveReader
from support.pages import NotedEngine, surroundings


class Unmeasured:
    """No training of this host."""

    def history(self, path: str) -> dict[str, Any]:
        return {}


@pytest.fixture
def context(qtbot: QtBot) -> Iterator[Context]:
    import threading

    engine: Any = NotedEngine()
    engine.permit = threading.Semaphore(1)
    engine.host_metrics = Unmeasured()
    with surroundings(engine) as (made, _, _):
        yield made


def written(folder: Path, rows: int, name: str = "loss") -> Path:
    run = runferry.init(dir=str(folder), project="demo", settings={"console": "off", "silent": True})
    for step in range(rows):
        run.log({name: float(step), "other": 1})
    run.finish()
    (found,) = (folder / "wandb").glob(f"offline-run-*-{run.id}")
    return found


class Reader:
    """A feed, and what it showed."""

    def __init__(self, context: Context, *wanted: str) -> None:
        self.shown: list[Curves] = []
        self.wanted = wanted
        self.feed = Feed(context, lambda: (self.wanted, ()), self.shown.append)


def test_the_wanted_curves_are_read_to_the_end(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    reader = Reader(context, "loss")
    reader.feed.open(str(written(tmp_path, 300)))
    qtbot.waitUntil(lambda: bool(reader.shown) and reader.shown[-1].at_end, timeout=10_000)
    last = reader.shown[-1]
    assert set(last.drawn) == {"loss"}
    assert list(last.drawn["loss"].values) == [float(step) for step in range(300)]
    assert {"loss", "other"} <= set(last.metrics)


def test_others_may_be_wanted_later(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    reader = Reader(context)
    reader.feed.open(str(written(tmp_path, 10)))
    qtbot.waitUntil(lambda: bool(reader.shown) and reader.shown[-1].at_end, timeout=10_000)
    reader.wanted = ("other",)
    reader.feed.look()
    qtbot.waitUntil(lambda: set(reader.shown[-1].drawn) == {"other"}, timeout=10_000)


def test_only_the_run_that_is_open_is_shown(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    reader = Reader(context, "first", "second")
    one, two = written(tmp_path, 2000, "first"), written(tmp_path, 20, "second")
    reader.feed.open(str(one))
    reader.feed.open(str(two))
    qtbot.waitUntil(lambda: bool(reader.shown) and reader.shown[-1].at_end, timeout=10_000)
    qtbot.waitUntil(lambda: context.tasks.open == 0, timeout=10_000)
    assert all("first" not in one.metrics for one in reader.shown)


def test_after_a_log_that_is_gone_comes_the_next(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    reader = Reader(context, "loss")
    reader.feed.open(str(tmp_path / "gone"))
    reader.feed.open(str(written(tmp_path, 5)))
    qtbot.waitUntil(lambda: bool(reader.shown) and reader.shown[-1].at_end, timeout=10_000)
    reader.feed.open("")
    reader.feed.look()
    assert context.tasks.open == 0


def test_who_asks_while_curves_are_shown_starts_no_second_reading(
    qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: list[int] = []
    at_once: list[int] = []
    whole = CurveReader.advance

    def advance(self: CurveReader) -> bool:
        under_way.append(1)
        at_once.append(len(under_way))
        try:
            return whole(self)
        finally:
            under_way.pop()

    monkeypatch.setattr(CurveReader, "advance", advance)
    shown: list[Curves] = []

    def show(curves: Curves) -> None:
        shown.append(curves)
        if len(shown) < 20:
            feed.look()

    feed = Feed(context, lambda: (("loss",), ()), show)
    feed.open(str(written(tmp_path, 2000)))
    qtbot.waitUntil(lambda: len(shown) >= 20 and context.tasks.open == 0)
    assert max(at_once) == 1


@pytest.mark.parametrize("fails", ["show", "wanted"])
def test_after_a_chart_that_failed_the_next_look_goes_on(
    qtbot: QtBot, context: Context, tmp_path: Path, fails: str
) -> None:
    shown: list[Curves] = []
    asked: list[str] = []

    def note(what: str) -> None:
        asked.append(what)
        if what == fails and asked.count(what) == 2:
            raise RuntimeError("scripted")

    def wanted() -> tuple[tuple[str, ...], tuple[str, ...]]:
        note("wanted")
        return ("loss",), ()

    def show(curves: Curves) -> None:
        note("show")
        shown.append(curves)

    feed = Feed(context, wanted, show)
    place = written(tmp_path, 5)
    with capture_exceptions() as caught:
        feed.open(str(place))
        qtbot.waitUntil(lambda: context.tasks.open == 0)
        feed.look()
        qtbot.waitUntil(lambda: context.tasks.open == 0)
    assert [str(one[1]) for one in caught] == ["scripted"]
    before = len(shown)
    feed.look()
    qtbot.waitUntil(lambda: len(shown) > before)

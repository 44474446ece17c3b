"""Charts side by side: what they want, what is chosen, how they share the time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from runferry.desktop.run.chart import Chart
from runferry.desktop.run.chart_grid import ChartGrid
from runferry.desktop.run.figures import XAxis
from runferry.desktop.run.pace import Pace
from runferry.desktop.run.series import Series

NAMES = ("loss", "accuracy", *(f"layer.{one}" for one in range(20)))


@pytest.fixture
def grid(qtbot: QtBot) -> Iterator[ChartGrid]:
    grid = ChartGrid("Metrics", "No metrics yet.")
    qtbot.addWidget(grid)
    grid.resize(700, 700)
    with qtbot.waitExposed(grid):
        grid.show()
    return grid


def curve(first: float = 1.0) -> Series:
    return Series([0.0, 1.0, 2.0], [first, 2.0, 3.0], [1e9, 1e9 + 1, 1e9 + 2])


def charts(grid: ChartGrid) -> dict[str, Chart]:
    return {name: grid._charts[name] for name in grid.wanted}


def test_without_metrics_it_says_so(grid: ChartGrid) -> None:
    assert grid._empty.isVisible()
    assert grid._empty.text() == "No metrics yet."
    assert grid.wanted == ()
    assert not grid.bar.isEnabled()


def test_it_wants_the_telling_ones_and_draws_what_comes(grid: ChartGrid, qtbot: QtBot) -> None:
    with qtbot.waitSignal(grid.wanted_changed):
        grid.set_metrics(NAMES)
    assert grid.wanted == ("loss", "accuracy", "layer.0", "layer.1", "layer.2", "layer.3")
    assert not grid._empty.isVisible()
    assert grid.bar.metrics.text() == "6 of 22 metrics"
    grid.show_series({name: curve() for name in NAMES})
    qtbot.waitUntil(lambda: grid.settled)
    assert all("Last value 3" in chart.accessibleDescription() for chart in charts(grid).values())


def test_only_what_changed_is_drawn_again(grid: ChartGrid, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    grid.set_metrics(NAMES)
    series = {name: curve() for name in grid.wanted}
    grid.show_series(series)
    qtbot.waitUntil(lambda: grid.settled)
    drawn: list[str] = []
    original = Chart.show_series
    monkeypatch.setattr(Chart, "show_series", lambda chart, one: (drawn.append(chart.name), original(chart, one)))
    grid.show_series({**series, "loss": curve(7)})
    grid.show_series({**series, "loss": curve(8)})  # before the first could be drawn
    qtbot.waitUntil(lambda: grid.settled)
    assert drawn == ["loss"]
    assert charts(grid)["loss"].series.values[0] == 8


def test_nothing_is_drawn_while_it_is_hidden(grid: ChartGrid, qtbot: QtBot) -> None:
    grid.set_metrics(NAMES)
    qtbot.waitUntil(lambda: grid.settled)
    grid.hide()
    grid.show_series({"loss": curve()})
    assert not grid._pace.busy
    assert not grid.settled
    grid.show()
    qtbot.waitUntil(lambda: grid.settled)
    assert "Last value 3" in charts(grid)["loss"].accessibleDescription()


@pytest.mark.parametrize(("width", "columns"), [(500, 1), (700, 2), (1100, 3)])
def test_as_many_side_by_side_as_fit(grid: ChartGrid, qtbot: QtBot, width: int, columns: int) -> None:
    grid.set_metrics(NAMES)
    grid.resize(width, 900)
    qtbot.waitUntil(lambda: len({chart.y() for chart in charts(grid).values()}) == -(-6 // columns))
    assert len({chart.x() for chart in charts(grid).values()}) == columns


def test_a_choice_is_remembered(grid: ChartGrid, qtbot: QtBot) -> None:
    grid.set_metrics(NAMES)
    with qtbot.waitSignal(grid.choice_changed) as told:
        grid.bar.slider.setValue(80)
    assert told.args[0]["smoothing"] == 0.8
    grid.bar.axis.setCurrentIndex(grid.bar.axis.findData(XAxis.RELATIVE))
    charts(grid)["loss"].log_switched.emit("loss", True)
    kept = grid.choice()
    assert kept == {"smoothing": 0.8, "axis": "relative", "log": ["loss"]}
    other = ChartGrid("Metrics", "No metrics yet.")
    qtbot.addWidget(other)
    with qtbot.assertNotEmitted(other.choice_changed):
        other.set_choice({**kept, "metrics": ["layer.7", "accuracy"]})
        other.set_metrics(NAMES)
    assert other.wanted == ("layer.7", "accuracy")
    assert other.bar.slider.value() == 80
    assert other.bar.axis.currentData() is XAxis.RELATIVE
    other.show()
    qtbot.waitUntil(lambda: other.settled)
    other.set_choice({})
    assert other.wanted[0] == "loss"
    assert other.bar.slider.value() == 60


def test_smoothing_reaches_the_charts(grid: ChartGrid, qtbot: QtBot) -> None:
    grid.set_metrics(["loss"])
    grid.show_series({"loss": Series([0, 1], [0.0, 3.0])})
    grid.bar.slider.setValue(50)
    qtbot.waitUntil(lambda: grid.settled)
    charts(grid)["loss"].point_to(1)
    assert charts(grid)["loss"]._place.text() == "step 1 · ~2"


def test_metrics_are_chosen_in_the_menu(grid: ChartGrid, qtbot: QtBot) -> None:
    grid.set_metrics(NAMES)
    grid.show_series({name: curve() for name in grid.wanted})
    qtbot.waitUntil(lambda: grid.settled)
    kept = charts(grid)["loss"]
    QTest.mouseClick(grid.bar.metrics, Qt.MouseButton.LeftButton)
    menu = grid._menu
    assert menu is not None
    assert menu.isVisible()
    assert menu.model.rowCount() == len(NAMES)
    QTest.keyClicks(menu.search, "layer 3")
    assert [menu.model.index(row).data() for row in range(menu.model.rowCount())] == ["layer.3", "layer.13"]
    full = menu.model.flags(menu.model.index(1))
    assert not full & Qt.ItemFlag.ItemIsEnabled  # six are chosen already
    with qtbot.waitSignal(grid.choice_changed):
        QTest.keyClick(menu.search, Qt.Key.Key_Return)
    assert "layer.3" not in grid.wanted
    QTest.keyClick(menu.search, Qt.Key.Key_Down)
    QTest.keyClick(menu.list, Qt.Key.Key_Down)
    assert menu.list.hasFocus()
    QTest.keyClick(menu.list, Qt.Key.Key_Space)
    assert grid.wanted[-1] == "layer.13"
    row = menu.list.visualRect(menu.model.index(1))
    QTest.mouseClick(menu.list.viewport(), Qt.MouseButton.LeftButton, pos=row.center())
    assert "layer.13" not in grid.wanted
    assert charts(grid)["loss"] is kept  # those that stay are not made anew
    menu.close()


def test_no_metric_chosen_is_a_choice(grid: ChartGrid) -> None:
    grid.set_choice({"metrics": []})
    grid.set_metrics(NAMES)
    assert grid.wanted == ()
    assert grid._empty.text() == "No metric is chosen."
    assert grid.bar.isEnabled()


def test_one_crosshair_for_all(grid: ChartGrid, qtbot: QtBot) -> None:
    grid.set_metrics(["loss", "accuracy"])
    grid.show_series({"loss": curve(), "accuracy": Series([0.0, 1.0], [5.0, 6.0])})
    qtbot.waitUntil(lambda: grid.settled)
    first, second = charts(grid).values()
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Home)
    assert (first._place.text()[:6], second._place.text()[:6]) == ("step 0", "step 0")
    QTest.keyClick(first, Qt.Key.Key_End)
    assert second._place.text() == ""  # its curve does not reach that far
    QTest.keyClick(first, Qt.Key.Key_Escape)
    assert first._place.text() == ""


def test_one_part_for_all_that_run_over_the_same_axis(grid: ChartGrid, qtbot: QtBot) -> None:
    names = ["loss", "accuracy", "score"]
    grid.set_metrics(names)
    own = Series([0.0, 1.0], [5.0, 6.0], own=[0.0, 0.5], own_name="epoch")
    grid.show_series({"loss": curve(), "accuracy": Series([0.0, 1.0, 2.0], [5.0, 6.0, 7.0]), "score": own})
    qtbot.waitUntil(lambda: grid.settled)
    loss, accuracy, score = (charts(grid)[name] for name in names)
    QTest.keyClick(loss, Qt.Key.Key_Plus)
    assert loss.part is not None
    assert accuracy.part == loss.part
    assert accuracy.reset.isVisible()
    assert score.part is None
    qtbot.mouseClick(accuracy.reset, Qt.MouseButton.LeftButton)
    assert loss.part is None
    grid.bar.axis.setCurrentIndex(grid.bar.axis.findData(XAxis.STEP))
    qtbot.waitUntil(lambda: grid.settled)
    QTest.keyClick(loss, Qt.Key.Key_Plus)
    assert score.part == loss.part


def test_another_run(grid: ChartGrid, qtbot: QtBot) -> None:
    grid.set_metrics(["loss"])
    grid.show_series({"loss": curve()})
    qtbot.waitUntil(lambda: grid.settled)
    grid.clear()
    assert grid.wanted == ()
    grid.set_metrics(["loss"])
    qtbot.waitUntil(lambda: grid.settled)
    assert charts(grid)["loss"]._message.text() == "No values yet"


def test_work_is_done_in_pieces_with_rests_between(qtbot: QtBot) -> None:
    now, left, asked = [100.0], [3], list[float]()

    def work() -> bool:
        now[0] += 0.2
        left[0] -= 1
        return left[0] > 0

    from PySide6.QtCore import QObject

    owner = QObject()
    pace = Pace(work, owner, lambda: now[0])
    pace._timer.start, real = (lambda wait: (asked.append(wait), real(0))), pace._timer.start  # type: ignore[method-assign]
    pace.start()
    pace.start()  # once is enough
    qtbot.waitUntil(lambda: left[0] == 0 and not pace.busy)
    assert asked == [0, 0, 0]
    left[0] = 1
    pace.start()
    assert asked[-1] == pytest.approx(1200, abs=1)  # 0.6 s of work, twice as long a rest
    assert math.isclose(pace._next, now[0] + 1.2)
    pace.stop()

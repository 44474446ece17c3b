"""One chart: what it says, draws and answers to mouse and keyboard."""

from __future__ import annotations

import math
import subprocess
import sys
from array import array
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPalette, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from runferry.desktop.look.theme import Tone, colour
from runferry.desktop.run.chart import Chart
from runferry.desktop.run.figures import XAxis
from runferry.desktop.run.plot import Plot
from runferry.desktop.run.series import Series

STEPS = [float(10 * one) for one in range(100)]
TIMES = [1.79e9 + 3 * one for one in range(100)]
NO_KEYS = Qt.KeyboardModifier.NoModifier
FALLING = Series(STEPS, [1 / (1 + one) for one in range(100)], TIMES)


@pytest.fixture
def chart(qtbot: QtBot) -> Iterator[Chart]:
    chart = Chart("train/loss")
    qtbot.addWidget(chart)
    chart.resize(400, 220)
    with qtbot.waitExposed(chart):
        chart.show()
    return chart


def inks(chart: Chart, tone: Tone) -> int:
    """Pixels of the picture that are about this colour."""
    picture, wanted = chart.grab().toImage().convertToFormat(QImage.Format.Format_RGB32), colour(tone)
    shape = (picture.height(), picture.width(), 4)
    blue_green_red = np.frombuffer(picture.constBits(), np.uint8).reshape(shape)[..., :3].astype(int)
    away = np.abs(blue_green_red - [wanted.blue(), wanted.green(), wanted.red()]).sum(axis=2)
    return int((away < 60).sum())


def test_nothing_heavy_is_loaded_before_there_is_a_curve() -> None:
    code = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from runferry.desktop.run.chart_grid import ChartGrid\n"
        "from runferry.desktop.run.chart import Chart\n"
        "from runferry.desktop.run.series import Series\n"
        "grid = ChartGrid('Metrics', 'None yet'); grid.set_metrics(['a'])\n"
        "chart = Chart('a'); chart.show_series(Series([1], [float('nan')]))\n"
        "assert not {'numpy', 'pyqtgraph'} & set(sys.modules)\n"
        "chart.show_series(Series([1], [2.0]))\n"
        "assert {'numpy', 'pyqtgraph'} <= set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_it_may_be_loaded_by_a_worker_thread() -> None:
    code = (
        "import sys, threading\n"
        "from PySide6.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from runferry.desktop.run.chart import Chart, preload\n"
        "from runferry.desktop.run.series import Series\n"
        "worker = threading.Thread(target=preload); worker.start(); worker.join()\n"
        "assert {'numpy', 'pyqtgraph'} <= set(sys.modules)\n"
        "chart = Chart('a'); chart.show_series(Series([1], [2.0])); chart.grab()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_draws_the_curve_and_says_its_last_value(chart: Chart) -> None:
    before = inks(chart, Tone.ACCENT)
    chart.show_series(FALLING)
    assert inks(chart, Tone.ACCENT) > before + 100
    assert chart.accessibleName() == "Curve of train/loss"
    assert chart.accessibleDescription() == "Last value 0.01 at step 990"


def test_arrays_are_taken_as_they_are(chart: Chart) -> None:
    chart.show_series(Series(array("d", [1, 2]), array("d", [3, 4]), array("d", [5, 6])))
    assert "Last value 4 at step 2" in chart.accessibleDescription()
    chart.set_view(XAxis.RELATIVE, 0.5, False)
    assert "at 1 s" in chart.accessibleDescription()


@pytest.mark.parametrize(
    ("values", "log", "words"),
    [
        ([], False, "No values yet"),
        ([math.nan, math.inf], False, "No finite values"),
        ([-1.0, 0.0], True, "Nothing above zero to show on a logarithmic scale"),
    ],
)
def test_it_says_why_there_is_no_curve(chart: Chart, values: list[float], log: bool, words: str) -> None:
    chart.set_view(XAxis.STEP, 0.6, log)
    chart.show_series(Series(range(len(values)), values))
    assert chart.findChild(Plot) is None
    assert chart._message.isVisible()
    assert chart._message.text() == words


def test_a_curve_that_broke_says_so(chart: Chart) -> None:
    chart.show_series(Series([0, 1, 2], [1.0, 2.0, math.nan]))
    assert chart._value.text() == "NaN"
    assert chart._value.palette().color(QPalette.ColorRole.WindowText) == colour(Tone.BAD)
    chart.show_series(Series([0, 1, 2, 3], [1.0, 2.0, math.nan, 4.0]))
    assert chart._value.palette().color(QPalette.ColorRole.WindowText) == colour(Tone.TEXT)


@pytest.mark.parametrize("values", [[0.25], [3.0, math.nan, 4.0], [7.0] * 9, [1e308, -1e308], [5e-324, 0.0]])
@pytest.mark.parametrize("log", [False, True])
def test_odd_curves_are_drawn(chart: Chart, values: list[float], log: bool) -> None:
    chart.set_view(XAxis.STEP, 0.0, log)
    chart.show_series(Series(range(len(values)), values))
    assert inks(chart, Tone.ACCENT) > 4


def test_keys_move_the_crosshair(chart: Chart, qtbot: QtBot) -> None:
    chart.show_series(FALLING)
    chart.setFocus()
    with qtbot.waitSignal(chart.pointed) as told:
        QTest.keyClick(chart, Qt.Key.Key_Home)
    assert told.args == [0.0]
    assert chart.accessibleDescription() == "1 at step 0"
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart._value.text() == "0.5"
    QTest.keyClick(chart, Qt.Key.Key_PageDown)
    assert chart._place.text() == "step 110"
    QTest.keyClick(chart, Qt.Key.Key_End)
    QTest.keyClick(chart, Qt.Key.Key_Right)  # not beyond the end
    assert chart._place.text() == "step 990"
    with qtbot.waitSignal(chart.pointed) as told:
        QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert math.isnan(told.args[0])
    assert chart._place.text() == ""


def test_the_mouse_moves_the_crosshair(chart: Chart, qtbot: QtBot) -> None:
    chart.show_series(FALLING)
    plot = chart.findChild(Plot)
    assert plot is not None
    box = plot._view.sceneBoundingRect()
    with qtbot.waitSignal(chart.pointed) as told:
        QTest.mouseMove(plot.viewport(), plot.mapFromScene(QPointF(box.left() + box.width() * 0.5, box.center().y())))
    assert told.args[0] == pytest.approx(500, abs=30)
    assert chart._place.text().startswith("step ")
    plot.leaveEvent(None)  # type: ignore[arg-type]
    assert chart._place.text() == ""


def test_the_crosshair_keeps_its_place_while_the_curve_grows(chart: Chart) -> None:
    chart.show_series(FALLING)
    chart.point_to(500)
    assert chart._place.text() == "step 500"
    chart.show_series(Series([*STEPS, 1000.0], [*FALLING.values, 0.5], [*TIMES, TIMES[-1] + 3]))
    assert chart._place.text() == "step 500"
    chart.set_view(XAxis.RELATIVE, 0.0, True)
    assert chart._place.text() == "2 min 30 s"


def test_the_smoothed_value_is_told_beside_the_logged_one(chart: Chart) -> None:
    chart.set_view(XAxis.STEP, 0.5, False)
    chart.show_series(Series([0, 1], [0.0, 3.0]))
    chart.point_to(1)
    assert chart._value.text() == "3"
    assert chart._place.text() == "step 1 · ~2"  # (0.5 · 0 · 0.5 + 0.5 · 3) / (1 - 0.25)


def test_without_times_steps_run_to_the_right(chart: Chart) -> None:
    chart.set_view(XAxis.WALL, 0.0, False)
    chart.show_series(Series([0, 1], [0.0, 3.0]))
    assert chart.axis is XAxis.STEP
    assert "at step 1" in chart.accessibleDescription()


def test_the_log_switch_tells(chart: Chart, qtbot: QtBot) -> None:
    chart.show_series(FALLING)
    switch = next(one for one in chart.findChildren(QToolButton) if one.isCheckable())
    with qtbot.waitSignal(chart.log_switched) as told:
        QTest.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert told.args == ["train/loss", True]
    with qtbot.assertNotEmitted(chart.log_switched):
        chart.set_view(XAxis.STEP, 0.0, False)
    assert not switch.isChecked()


def test_it_follows_light_and_dark(chart: Chart, qapp: QApplication, qtbot: QtBot) -> None:
    chart.set_view(XAxis.STEP, 0.0, False)
    chart.show_series(FALLING)
    kept = qapp.palette()
    try:
        for ground in ("#202326", "#f7f7f7"):
            palette = QPalette(QColor(ground))
            palette.setColor(QPalette.ColorRole.Base, QColor(ground))
            qapp.setPalette(palette)
            qtbot.waitUntil(lambda ground=ground: QColor(chart.grab().toImage().pixel(300, 60)).name() == ground)
            assert inks(chart, Tone.ACCENT) > 80
    finally:
        qapp.setPalette(kept)


def test_unequal_columns_are_refused() -> None:
    with pytest.raises(ValueError):
        Series([1, 2], [1])
    with pytest.raises(ValueError):
        Series([1, 2], [1, 2], [1])


def place_in(chart: Chart, part: float) -> QPoint:
    """A point of the drawing, at this part of its width."""
    plot = chart.findChild(Plot)
    assert plot is not None
    box = plot._view.sceneBoundingRect()
    return plot.mapFromScene(QPointF(box.left() + part * box.width(), box.center().y()))


def drag(chart: Chart, start: float, end: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
    plot = chart.findChild(Plot)
    assert plot is not None
    ground, left = plot.viewport(), Qt.MouseButton.LeftButton
    QTest.mousePress(ground, left, keys, place_in(chart, start))
    for step in range(1, 6):
        where = place_in(chart, start + (end - start) * step / 5)
        there = QPointF(where)
        move = QMouseEvent(QEvent.Type.MouseMove, there, plot.mapToGlobal(there), left, left, keys)
        QApplication.sendEvent(ground, move)
    QTest.mouseRelease(ground, left, keys, place_in(chart, end))


def test_a_part_is_looked_at_by_mouse_and_left_by_the_button(chart: Chart, qtbot: QtBot) -> None:
    told: list[object] = []
    chart.zoomed.connect(told.append)
    chart.show_series(FALLING)
    assert not chart.reset.isVisible()
    drag(chart, 0.25, 0.5)
    assert chart.part == pytest.approx((251, 502), abs=12)
    assert chart.hasFocus()
    assert chart.reset.isVisible()
    assert chart._scaled is not None
    assert chart._scaled.y_range[1] < 0.06  # the height is that of this part
    assert "Shown from step 2" in chart.accessibleDescription()
    assert inks(chart, Tone.ACCENT) > 60
    drag(chart, 0.5, 0.1, Qt.KeyboardModifier.ShiftModifier)  # the curve goes to the left
    assert chart.part == pytest.approx((351, 602), abs=20)
    drag(chart, 0.5, 0.505)  # a click, nearly
    assert chart.part == pytest.approx((351, 602), abs=20)
    qtbot.mouseClick(chart.reset, Qt.MouseButton.LeftButton)
    assert chart.part is None
    assert told[-1] is None
    assert not chart.reset.isVisible()


def test_the_wheel_goes_closer_with_ctrl_alone_and_a_double_click_shows_all(chart: Chart) -> None:
    chart.show_series(FALLING)
    plot = chart.findChild(Plot)
    assert plot is not None

    def turn(keys: Qt.KeyboardModifier) -> bool:
        where = QPointF(place_in(chart, 0.5))
        phase = Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(
            where, plot.mapToGlobal(where), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, keys, phase, False
        )
        QApplication.sendEvent(plot.viewport(), event)
        return event.isAccepted()

    turn(NO_KEYS)
    assert chart.part is None
    turn(Qt.KeyboardModifier.ControlModifier)
    assert chart.part == pytest.approx((251, 753), abs=12)
    QTest.mouseDClick(plot.viewport(), Qt.MouseButton.LeftButton, NO_KEYS, place_in(chart, 0.5))
    assert chart.part is None


def test_keys_go_closer_move_and_show_all(chart: Chart, qtbot: QtBot) -> None:
    chart.show_series(FALLING)
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus):
        qtbot.keyClick(chart, key)
    first = chart.part
    assert first is not None
    assert first[1] - first[0] == pytest.approx(251, abs=5)
    qtbot.keyClick(chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert chart.part == pytest.approx((first[0] + 63, first[1] + 63), abs=2)
    qtbot.keyClick(chart, Qt.Key.Key_Home)  # the crosshair goes to the first value: the part goes along
    assert chart.part is not None
    assert chart.part[0] == 0
    qtbot.keyClick(chart, Qt.Key.Key_Minus)
    qtbot.keyClick(chart, Qt.Key.Key_Minus)
    qtbot.keyClick(chart, Qt.Key.Key_Minus)
    assert chart.part is None
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    qtbot.keyClick(chart, Qt.Key.Key_0)
    assert chart.part is None


def test_a_part_stays_while_the_curve_grows_and_goes_with_the_axis(chart: Chart) -> None:
    chart.show_series(FALLING)
    chart.show_part((100.0, 200.0))
    longer = [float(10 * one) for one in range(200)]
    chart.show_series(Series(longer, [1 / (1 + one) for one in range(200)], [1.79e9 + one for one in range(200)]))
    assert chart.part == (100.0, 200.0)
    chart.set_view(XAxis.RELATIVE, 0.0, False)
    assert chart.part is None


def test_a_line_that_crosses_the_part_is_drawn_and_an_empty_part_says_so(chart: Chart) -> None:
    chart.show_series(Series([0.0, 1000.0], [1.0, 2.0]))
    chart.show_part((400.0, 600.0))
    assert inks(chart, Tone.ACCENT) > 60
    chart.show_series(Series([0.0, 500.0, 1000.0], [1.0, math.nan, 2.0]))
    assert chart.accessibleDescription().startswith("Last value 2")
    assert chart._message.text() == "No values in this part"


def test_a_metric_runs_over_its_own_steps(chart: Chart, qtbot: QtBot) -> None:
    own = Series([10.0, 20.0, 30.0], [1.0, 2.0, 3.0], own=[0.5, 1.0, 1.5], own_name="epoch")
    chart.set_view(XAxis.OWN, 0.0, False)
    chart.show_series(own)
    assert chart.axis is XAxis.OWN
    assert chart._place.text() == "over epoch"
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    assert chart.accessibleDescription() == "1 at epoch 0.5"
    chart.set_view(XAxis.STEP, 0.0, False)
    assert chart.accessibleDescription() == "1 at step 10"
    chart.set_view(XAxis.OWN, 0.0, False)
    chart.show_series(FALLING)
    assert chart.axis is XAxis.STEP

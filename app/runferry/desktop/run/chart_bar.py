"""The line above the charts: which metrics, how smooth, what runs to the right."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSlider, QWidget

from runferry.desktop.look.icons import icon
from runferry.desktop.look.theme import GRID, Size, Tone, dress
from runferry.desktop.parts.labels import PlainLabel, Shape
from runferry.desktop.parts.tips import plain
from runferry.desktop.run.figures import XAxis
from runferry.desktop.run.smoothing import MOST
from runferry.desktop.run.tabular import tabular
from runferry.desktop.text import tr

_HUNDREDTHS = 100


def how_to_look_closer() -> str:
    """What nothing else on the screen tells."""
    return tr(
        "Drag over a curve to look closer; a double click shows all of it.\n"
        "Shift and drag moves it, Ctrl and the wheel goes closer or wider.\n"
        "Keys: Left and Right point, + and − go closer or wider, Shift with Left and Right moves, 0 shows all."
    )


class ChartBar(QWidget):
    """`smoothing_changed` comes while the slider moves."""

    metrics_wanted = Signal()
    smoothing_changed = Signal(float)
    axis_changed = Signal(XAxis)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._help = PlainLabel(title), Shape()
        self._help.show_shape("help", Tone.SUBTLE, how_to_look_closer())
        self.metrics = QPushButton(icon("chart"), "")
        self.metrics.setIconSize(QSize(16, 16))
        self.metrics.setToolTip(tr("Choose the metrics to be shown"))
        self._label, self._weight = PlainLabel(tr("S&moothing")), PlainLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setMaximum(round(MOST * _HUNDREDTHS))
        self.slider.setPageStep(10)
        self.slider.setMinimumWidth(6 * GRID)
        self.slider.setMaximumWidth(15 * GRID)
        self.slider.setAccessibleName(tr("Smoothing"))
        self._label.setBuddy(self.slider)
        self.axis = QComboBox()
        self.axis.setAccessibleName(tr("What runs to the right"))
        words = {
            XAxis.OWN: tr("Automatic"),
            XAxis.STEP: tr("By step"),
            XAxis.RELATIVE: tr("Since start"),
            XAxis.WALL: tr("By clock"),
        }
        for axis, word in words.items():
            self.axis.addItem(word, axis)
        own = tr("What the run has named as a metric's x axis (define_metric), else the step")
        self.axis.setItemData(self.axis.findData(XAxis.OWN), plain(own), Qt.ItemDataRole.ToolTipRole)
        self._lay_out()
        self.metrics.clicked.connect(self.metrics_wanted)
        self.slider.valueChanged.connect(self._slid)
        self.axis.currentIndexChanged.connect(lambda: self.axis_changed.emit(self.axis.currentData()))
        self.dress()

    def _lay_out(self) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(GRID)
        line.addWidget(self._title)
        line.addWidget(self._help)
        line.addStretch(1)
        for widget in (self._label, self.slider, self._weight, self.axis, self.metrics):
            line.addWidget(widget)

    def dress(self) -> None:
        """Take colours from the palette."""
        dress(self._title, Size.BODY, bold=True)
        dress(self._label, Size.SMALL, Tone.SUBTLE)
        dress(self._weight, Size.SMALL, Tone.SUBTLE)
        self._weight.setFont(tabular(self._weight.font()))
        self._weight.setFixedWidth(self._weight.fontMetrics().horizontalAdvance("0.00"))
        self.metrics.setIcon(icon("chart"))

    def show_choice(self, smoothing: float, axis: XAxis, shown: int, known: int) -> None:
        """Without telling anybody that something changed."""
        for widget in (self.slider, self.axis):
            widget.blockSignals(True)
        self.slider.setValue(round(smoothing * _HUNDREDTHS))
        self.axis.setCurrentIndex(self.axis.findData(axis))
        for widget in (self.slider, self.axis):
            widget.blockSignals(False)
        self._weight.setText(f"{smoothing:.2f}")
        self.metrics.setText(tr("{shown} of {known} metrics", shown=shown, known=f"{known:,}"))

    def _slid(self, hundredths: int) -> None:
        self._weight.setText(f"{hundredths / _HUNDREDTHS:.2f}")
        self.smoothing_changed.emit(hundredths / _HUNDREDTHS)

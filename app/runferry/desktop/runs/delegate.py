"""Paints a row of the list: the state's shape, the name, a bar. Everything else is text from the model."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem

from runferry.desktop.look import icons, words
from runferry.desktop.look.theme import GRID, Size, Tone, colour, faint, font
from runferry.desktop.parts.edges import EdgeDelegate
from runferry.desktop.runs.columns import COLUMNS, progress, progress_text
from runferry.desktop.runs.model import IS_NEW, RUN
from runferry.status import RunStatus, SyncState

ROW = 34
BAR = 5


class RunDelegate(EdgeDelegate):
    """`angle` turns the shapes of runs that are under way; the page moves it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.angle = 0.0

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(80, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        name = COLUMNS[index.column()].name
        if name not in ("state", "name", "progress"):
            super().paint(painter, option, index)
            return
        blank = QStyleOptionViewItem(option)
        self.initStyleOption(blank, index)
        blank.text = ""
        widget = option.widget
        style = widget.style() if widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, blank, painter, widget)
        run: RunStatus = index.data(RUN)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if name == "state":
            self._state(painter, QRectF(option.rect), run, selected, option.palette)
        elif name == "name":
            self._name(painter, option, index.data(Qt.ItemDataRole.DisplayRole), bool(index.data(IS_NEW)), selected)
        else:
            self._progress(painter, QRectF(option.rect), run, selected, option.palette)
        painter.restore()

    def _state(self, painter: QPainter, area: QRectF, run: RunStatus, selected: bool, palette: QPalette) -> None:
        look = words.of_run(run)
        box = QRectF(area.center().x() - 8, area.center().y() - 8, 16, 16)
        ink = palette.color(QPalette.ColorRole.HighlightedText) if selected else colour(look.tone)
        if run.state is SyncState.SYNCING and look.shape == "state-syncing":
            icons.paint_ink(painter, box, "state-syncing-ring", ink, self.angle)
            icons.paint_ink(painter, box, "state-syncing-arrow", ink)
        else:
            icons.paint_ink(painter, box, look.shape, ink)

    def _name(self, painter: QPainter, option: QStyleOptionViewItem, text: str, is_new: bool, selected: bool) -> None:
        area = option.rect.adjusted(4, 0, -4, 0)
        painter.setFont(font(Size.BODY, bold=True, base=option.font))
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.setPen(option.palette.color(role))
        if is_new:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(colour(Tone.ACCENT))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QRectF(area.right() - 8, area.center().y() - 3, 6, 6))
            painter.restore()
            area.setRight(area.right() - 14)
        metrics = QFontMetrics(painter.font())
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def _progress(self, painter: QPainter, area: QRectF, run: RunStatus, selected: bool, palette: QPalette) -> None:
        share = progress(run)
        look = words.of_run(run)
        ink = palette.color(QPalette.ColorRole.HighlightedText) if selected else colour(look.tone)
        text_area = area.adjusted(4, 0, -4, 0)
        moving = share is not None and run.state not in (SyncState.VERIFIED, SyncState.PROBLEM)
        if moving and share is not None:
            width = min(72.0, area.width() * 0.5)
            track = QRectF(area.left() + 4, area.center().y() - BAR / 2, width, BAR)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faint(Tone.TEXT, 0.15))
            painter.drawRoundedRect(track, BAR / 2, BAR / 2)
            done = QRectF(track.left(), track.top(), max(track.width() * share, BAR if share else 0), BAR)
            painter.setBrush(ink)
            painter.drawRoundedRect(done, BAR / 2, BAR / 2)
            text_area.setLeft(track.right() + GRID)
        quiet = colour(Tone.SUBTLE) if look.tone is Tone.SUBTLE or moving else colour(look.tone)
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText) if selected else quiet)
        painter.setFont(font(Size.SMALL))
        metrics = QFontMetrics(painter.font())
        shown = metrics.elidedText(progress_text(run), Qt.TextElideMode.ElideRight, int(text_area.width()))
        painter.drawText(text_area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

"""Paints a row of the sheet in two lines with its tick, and opens the lists of servers, teams and projects."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QWidget,
)

from runferry.desktop.drop import words
from runferry.desktop.drop.model import (
    FIELDS,
    NAME,
    PLACES,
    PROJECT,
    ROW,
    SERVER,
    TITLES,
    DropModel,
    cell_text,
    value_of,
)
from runferry.desktop.drop.places import choices, fill
from runferry.desktop.drop.rows import NoRun, Row
from runferry.desktop.look import icons
from runferry.desktop.look.theme import GRID, Size, Tone, colour, faint, font
from runferry.desktop.text import tr

HEIGHT = 46
TICK = 18
Index = QModelIndex | QPersistentModelIndex


class DropDelegate(QStyledItemDelegate):
    """For `DropModel`."""

    def __init__(self, model: DropModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are alike."""
        return QSize(80, HEIGHT)

    # -- painting -----------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One cell, from the row itself: each question that Qt asks a model costs a wait for threads that decode."""
        one, column = self._model.at(index.row()), index.column()
        painter.save()
        if _is_selected(option):
            painter.fillRect(option.rect, option.palette.brush(QPalette.ColorRole.Highlight))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, faint(Tone.TEXT, 0.04))
        if isinstance(one, NoRun):
            if column == NAME:
                self._other(painter, option, one)
        elif column == NAME:
            self._tick(painter, option, one)
            self._two_lines(painter, option, words.name_of(one), words.kind_line(one), _tone(one))
        elif column in PLACES:
            self._place(painter, option, column, one)
        else:
            self._number(painter, option, cell_text(one, column))
        if column == NAME and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(faint(Tone.ACCENT, 0.7))
            painter.drawRect(option.rect.adjusted(1, 1, -1, -2))
        painter.restore()

    def _number(self, painter: QPainter, option: QStyleOptionViewItem, text: str) -> None:
        role = QPalette.ColorRole.HighlightedText if _is_selected(option) else QPalette.ColorRole.Text
        painter.setPen(option.palette.color(role))
        painter.setFont(option.font)
        painter.drawText(
            option.rect.adjusted(4, 0, -4, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text
        )

    def _tick(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        style = option.widget.style() if option.widget else QApplication.style()
        box = QStyleOptionButton()
        box.rect = tick_area(option.rect)
        box.state = QStyle.StateFlag.State_Enabled
        box.state |= QStyle.StateFlag.State_On if row.is_ticked else QStyle.StateFlag.State_Off
        box.palette = option.palette
        style.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorCheckBox, box, painter, option.widget)
        painter.setPen(faint(Tone.TEXT, 0.45))  # the style's own edge cannot be seen on dark ground
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.rect.adjusted(0, 0, -1, -1), 2, 2)

    def _other(self, painter: QPainter, option: QStyleOptionViewItem, one: NoRun) -> None:
        area = tick_area(option.rect)
        icons.paint(painter, QRectF(area).adjusted(1, 1, -1, -1), "dash", Tone.SUBTLE)
        name = one.path.rstrip("/").rpartition("/")[2] or one.path
        self._two_lines(painter, option, name, tr("not a run: {why}", why=one.why), Tone.SUBTLE, faint=True)

    def _two_lines(
        self, painter: QPainter, option: QStyleOptionViewItem, title: str, text: str, tone: Tone, faint: bool = False
    ) -> None:
        left = tick_area(option.rect).right() + GRID + 2
        whole = QRect(left, option.rect.top(), option.rect.right() - left - 4, HEIGHT)
        selected = _is_selected(option)
        for number, (line, size, bold) in enumerate(((title, Size.BODY, not faint), (text, Size.SMALL, False))):
            shown = tone if number or faint else Tone.TEXT
            painter.setFont(font(size, bold=bold, base=option.font))
            painter.setPen(option.palette.color(QPalette.ColorRole.HighlightedText) if selected else colour(shown))
            area = whole.adjusted(0, 5, 0, -HEIGHT // 2) if number == 0 else whole.adjusted(0, HEIGHT // 2, 0, -5)
            mode = Qt.TextElideMode.ElideMiddle if number == 0 else Qt.TextElideMode.ElideRight
            fitting = QFontMetrics(painter.font()).elidedText(line, mode, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)

    def _place(self, painter: QPainter, option: QStyleOptionViewItem, column: int, row: Row) -> None:
        missing = row.missing == {SERVER: "server", PROJECT: "project"}.get(column, "-") or FIELDS[column] in row.unfit
        unset = not value_of(row, column)
        tone = Tone.WARN if missing else Tone.SUBTLE if unset else Tone.TEXT
        ink = option.palette.color(QPalette.ColorRole.HighlightedText) if _is_selected(option) else colour(tone)
        area = option.rect.adjusted(4, 0, -18, 0)
        painter.setFont(option.font)
        painter.setPen(ink)
        text = QFontMetrics(painter.font()).elidedText(
            cell_text(row, column), Qt.TextElideMode.ElideMiddle, area.width()
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        place = QRectF(area.right() + 3, area.center().y() - 4, 9, 9)
        icons.paint_ink(painter, place, "collapse", ink if missing else _chevron(option))

    # -- ticking and choosing -----------------------------------------------------------------------------------------

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        """A click on the box ticks."""
        if (
            event.type() == QEvent.Type.MouseButtonRelease
            and isinstance(event, QMouseEvent)
            and index.column() == NAME
            and isinstance(index.data(ROW), Row)
            and tick_area(option.rect).adjusted(-6, -8, 6, 8).contains(event.position().toPoint())
        ):
            self._model.toggle([index.row()])
            return True
        return False

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A list that opens at once."""
        box = QComboBox(parent)
        box.setAccessibleName(TITLES[index.column()])
        row: Row = index.data(ROW)
        fill(box, choices(self._model.places, index.column(), row.server), index.column())
        box.activated.connect(lambda: self._chosen(box))
        field = box.lineEdit()
        if field is not None:
            field.returnPressed.connect(lambda: self._chosen(box))
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """What is chosen now."""
        if isinstance(editor, QComboBox):
            value = index.data(Qt.ItemDataRole.EditRole)
            editor.setCurrentIndex(editor.findData(value))
            if editor.isEditable():
                editor.setEditText(value)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """What was chosen."""
        if isinstance(editor, QComboBox):
            value = editor.currentText() if editor.isEditable() else editor.currentData()
            if value is not None and value != index.data(Qt.ItemDataRole.EditRole):
                model.setData(index, value)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """Over the cell."""
        height = editor.sizeHint().height()
        top = option.rect.center().y() - height // 2
        editor.setGeometry(option.rect.left(), top, option.rect.width(), height)

    def _chosen(self, box: QComboBox) -> None:
        if box.property("is done"):  # Return is both: typed and chosen
            return
        box.setProperty("is done", 1)
        self.commitData.emit(box)
        self.closeEditor.emit(box, QStyledItemDelegate.EndEditHint.NoHint)


def tick_area(cell: QRect) -> QRect:
    """Where the box of a row is."""
    return QRect(cell.left() + GRID, cell.center().y() - TICK // 2, TICK, TICK)


def _is_selected(option: QStyleOptionViewItem) -> bool:
    return bool(option.state & QStyle.StateFlag.State_Selected)


def _chevron(option: QStyleOptionViewItem):  # type: ignore[no-untyped-def]
    role = QPalette.ColorRole.HighlightedText if _is_selected(option) else QPalette.ColorRole.PlaceholderText
    return option.palette.color(role)


def _tone(row: Row) -> Tone:
    if row.found.damage is not None:
        return Tone.DAMAGED
    return Tone.GOOD if row.done is not None else Tone.SUBTLE

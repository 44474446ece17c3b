"""A card over the window's content, instead of a dialog: Escape or a click beside it closes it, nothing else waits."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QApplication, QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from runferry.desktop.look.theme import GRID, MARGIN, Size, line_colour
from runferry.desktop.parts.buttons import RETURNS, Button, IconButton
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.no_drops import let_drops_through
from runferry.desktop.text import tr

RADIUS = 10


class Card(QWidget):
    """A rounded area with a title line and a body."""

    def __init__(self, title: str, body: QWidget, close: IconButton) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(MARGIN + GRID, MARGIN, MARGIN + GRID, MARGIN)
        box.setSpacing(GRID)
        head = QHBoxLayout()
        self.title = Label(title, Size.TITLE, bold=True)
        head.addWidget(self.title, 1)
        head.addWidget(close)
        box.addLayout(head)
        box.addWidget(body, 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The area and its edge."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.fillPath(path, self.palette().color(QPalette.ColorRole.Window))
        painter.setPen(QPen(line_colour(), 1))
        painter.drawPath(path)
        painter.end()


class SheetHost(QWidget):
    """Covers its parent while a sheet is open. One sheet at a time; another one takes its place."""

    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        # In a SubWindow Tab goes round by itself: what is dimmed is not to be used. To walk Qt's chain of widgets from
        # here makes each one the owner of the next in PySide's books, so that with a sheet PySide gave up on what lies
        # below it too: lines of buttons (`Flow`) lost their items.
        super().__init__(parent, Qt.WindowType.SubWindow)
        self._card: Card | None = None
        self._body: QWidget | None = None
        self._before: QWidget | None = None
        self._wanted = (720, 520)
        parent.installEventFilter(self)
        self.hide()

    @property
    def body(self) -> QWidget | None:
        """What is shown."""
        return self._body

    @property
    def title(self) -> str:
        """Of what is shown."""
        return self._card.title.text() if self._card else ""

    @property
    def holds_work(self) -> bool:
        """Whether what somebody chose or had looked through would be lost with it. A body says so by this very name;
        what says nothing holds none."""
        return bool(getattr(self._body, "holds_work", False))

    def show_sheet(self, title: str, body: QWidget, width: int = 720, height: int = 520) -> None:
        """Open it; sizes are what it would like, in points."""
        self.close_sheet()
        self._before = QApplication.focusWidget()
        self._wanted = (width, height)
        self._body = body
        self._card = Card(title, body, IconButton("close", tr("Close"), self.close_sheet))
        self._card.setParent(self)
        let_drops_through(body)
        self._card.setAccessibleName(title)
        self._place()
        self._card.show()
        self.show()
        self.raise_()
        body.setFocus()
        self._keep_focus()
        _application().focusChanged.connect(self._keep_focus)

    def close_sheet(self) -> None:
        """Close it; what had the focus gets it back."""
        if self._card is None:
            return
        card, self._card, self._body = self._card, None, None
        _application().focusChanged.disconnect(self._keep_focus)
        card.hide()
        card.deleteLater()
        self.hide()
        before, self._before = self._before, None
        if before is not None and isValid(before):  # it may have gone meanwhile
            before.setFocus()
        self.closed.emit()

    def _keep_focus(self) -> None:
        """What lies below does not get the focus, whoever gives it: a window that comes back to the front, a page."""
        if self._card is None or self.window().focusWidget() is None or self.has_focus:
            return
        body = self.body
        if body is not None:
            body.setFocus()
        if not self.has_focus:  # what the body would give it to is not shown yet
            self.setFocus()
            self.focusNextPrevChild(True)

    @property
    def has_focus(self) -> bool:
        """Whether the focus of its window is on the sheet."""
        here = self.window().focusWidget()
        return here is not None and self.isAncestorOf(here)

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        self.setGeometry(parent.rect())
        if self._card is not None:
            width = min(self._wanted[0], self.width() - 2 * MARGIN)
            height = min(self._wanted[1], self.height() - 2 * MARGIN)
            self._card.setGeometry((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Grow and shrink with the window."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes. Return presses the primary button, but where it ends the writing of a text."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_sheet()
        elif event.key() in RETURNS and not isinstance(QApplication.focusWidget(), QLineEdit | QComboBox):
            self._press_primary()
        else:
            super().keyPressEvent(event)

    def _press_primary(self) -> None:
        found = self._card.findChildren(Button) if self._card is not None else []
        one = next((one for one in found if one.is_primary and one.isVisible() and one.isEnabled()), None)
        if one is not None:
            self.window().setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)  # who uses keys sees the focus
            one.click()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the card closes."""
        if self._card is not None and not self._card.geometry().contains(event.position().toPoint()):
            self.close_sheet()

    def paintEvent(self, event: QPaintEvent) -> None:
        """What lies below is dimmed."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0, 90))
        painter.end()


def _application() -> QApplication:
    return cast(QApplication, QApplication.instance())

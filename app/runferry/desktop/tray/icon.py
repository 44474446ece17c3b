"""The icon itself: its state, its gentle movement while something is sent, its tooltip; made anew when a tray appears.

Where there is no tray, nothing is lost: the window has everything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from runferry.desktop.look.tray_icon import FRAMES, TrayState, tray_icon
from runferry.desktop.parts.tips import without_markup
from runferry.desktop.summary import Mood, Summary
from runferry.right_of_way import first

STATES = {
    Mood.UP_TO_DATE: TrayState.UP_TO_DATE,
    Mood.SYNCING: TrayState.SYNCING,
    Mood.PAUSED: TrayState.PAUSED,
    Mood.RETRYING: TrayState.RETRYING,
    Mood.ATTENTION: TrayState.ATTENTION,
}
TURN = 150  # milliseconds between two pictures of what moves
LONGEST = 120  # characters of a tooltip: some panels cut it


class Tray(QObject):
    """`clicked` is called when a person clicks the icon itself; `message_clicked`: one of its messages."""

    message_clicked = Signal()

    def __init__(self, clicked: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clicked = clicked
        self.menu: QMenu | None = None  # to be set before `make`
        self._icon: QSystemTrayIcon | None = None
        self._state, self._frame, self._tip = TrayState.UP_TO_DATE, 0, "Runferry"
        self._turning = QTimer(self)
        self._turning.timeout.connect(self._turn)

    @property
    def is_there(self) -> bool:
        """Whether the desktop has a tray that shows it."""
        return self._icon is not None and QSystemTrayIcon.isSystemTrayAvailable()

    def message(self, title: str, text: str) -> bool:
        """Notify where there is no better way; false where there is no tray either."""
        if self._icon is None or not self.is_there:
            return False
        self._icon.showMessage(without_markup(title), without_markup(text))
        return True

    def make(self) -> None:
        """Show the icon; again when a tray appeared: an icon that was made before it is never taken up by some."""
        self.drop()
        icon = QSystemTrayIcon(self)
        if self.menu is not None:
            icon.setContextMenu(self.menu)
        icon.activated.connect(self._activated)
        icon.messageClicked.connect(self.message_clicked)
        self._icon = icon
        self._draw()
        icon.setToolTip(self._tip)
        icon.show()

    def drop(self) -> None:
        """Take it away."""
        icon, self._icon = self._icon, None
        if icon is not None:
            icon.hide()
            icon.deleteLater()
        if icon is not None and not self._turning.isActive():
            self._frame = 0

    def stop(self) -> None:
        """For good."""
        self._turning.stop()
        self.drop()

    def show_summary(self, summary: Summary) -> None:
        """State and tooltip."""
        state = STATES[summary.mood]
        if state is not self._state:
            self._state, self._frame = state, 0
            self._draw()
        if state is TrayState.SYNCING and not self._turning.isActive():
            self._turning.start(TURN)
        elif state is not TrayState.SYNCING:
            self._turning.stop()
        tip = without_markup(f"Runferry — {summary.sentence}"[:LONGEST])
        if tip != self._tip:
            self._tip = tip
            if self._icon is not None:
                self._icon.setToolTip(self._tip)

    def _turn(self) -> None:
        self._frame = (self._frame + 1) % FRAMES
        with first():
            self._draw()

    def _draw(self) -> None:
        if self._icon is not None:
            self._icon.setIcon(tray_icon(self._state, self._frame))

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """On macOS a click opens the menu by itself."""
        clicks = (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick)
        if reason in clicks and sys.platform != "darwin":
            self._clicked()

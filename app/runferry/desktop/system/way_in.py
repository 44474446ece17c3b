"""Never leaves a person without a way in: a hidden window comes up where no tray is there to call it.

A tray that comes a little late at login, or a panel that starts anew, is waited for.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot

from runferry.desktop.system.tray_watch import TrayWatch

GRACE = 20_000
"""Milliseconds without a tray until the window comes up."""


class WayIn(QObject):
    """is_visible: whether the window is. bring_up: shows it. Used on the window's thread."""

    def __init__(
        self,
        tray: TrayWatch,
        is_visible: Callable[[], bool],
        bring_up: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._tray = tray
        self._is_visible = is_visible
        self._bring_up = bring_up
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._decide)

    def start(self, hidden: bool) -> None:
        """At the start of the app, after the tray is watched. hidden: only the icon is wanted."""
        self._tray.gone.connect(self._wait)
        self._tray.appeared.connect(self._timer.stop)
        if not hidden:
            self._bring_up()
        elif not self._tray.is_here:
            self._wait()

    def stop(self) -> None:
        """The window does not come up any more."""
        self._timer.stop()
        self._tray.gone.disconnect(self._wait)
        self._tray.appeared.disconnect(self._timer.stop)

    @Slot()
    def _wait(self) -> None:
        self._timer.start(GRACE)

    @Slot()
    def _decide(self) -> None:
        if not self._tray.is_here and not self._is_visible():
            self._bring_up()

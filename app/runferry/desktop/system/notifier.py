"""Shows notifications: over D-Bus where there is a daemon, else with the tray icon; says whether they arrived.

A daemon is asked directly, since Qt's tray icon says nothing where there is no tray, has no buttons and tells nobody
whether it was heard. Nothing here waits: answers come as signals, within the bus's time limit.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from enum import Enum
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from runferry.desktop.look.resources import resources
from runferry.desktop.system.bus import Bus, Peer, Reply
from runferry.desktop.system.grouping import Note
from runferry.desktop.system.news import NewsKind
from runferry.desktop.text import shown, tr

log = logging.getLogger(__name__)

DAEMON = Peer("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")
APP = "Runferry"
NORMAL, CRITICAL = 1, 2  # urgencies; a critical one stays until somebody looks at it
SHOW = "default"  # the action's name: daemons take a click on the notification itself for it, too


class Arrival(Enum):
    """What became of a notification."""

    ARRIVED = "arrived"  # a daemon took it
    HANDED_OVER = "handed over"  # to the tray icon; nobody tells whether it was shown
    NOWHERE = "nowhere"


class Notifier(QObject):
    """One notification per kind of news. Made and used on the window's thread.

    bus: started and stopped by the caller; None where the system has none (Windows, macOS).
    fallback: shows title and text with the tray icon; false where there is no tray.
    """

    chosen = Signal(object, str)  # NewsKind; a token that lets the window come to the front on Wayland, or ""
    gone = Signal(object)  # NewsKind: it is not shown any more
    delivered = Signal(object, str)  # Arrival, why

    _answered = Signal(object, object)
    _acted = Signal(object)
    _token_came = Signal(object)
    _closed = Signal(object)

    def __init__(
        self, bus: Bus | None, fallback: Callable[[str, str], bool] = lambda *_: False, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bus = bus
        self._fallback = fallback
        self._ids: dict[NewsKind, int] = {}
        self._tokens: dict[int, str] = {}
        self._latest: NewsKind | None = None
        queued = Qt.ConnectionType.QueuedConnection
        self._answered.connect(self._take_answer, queued)
        self._acted.connect(self._take_action, queued)
        self._token_came.connect(self._take_token, queued)
        self._closed.connect(self._take_end, queued)

    def start(self) -> None:
        """Listen for clicks."""
        if self._bus is None:
            return
        self._bus.listen(DAEMON, "ActivationToken", self._token_came.emit)
        self._bus.listen(DAEMON, "ActionInvoked", self._acted.emit)
        self._bus.listen(DAEMON, "NotificationClosed", self._closed.emit)

    def show(self, note: Note) -> None:
        """Show it, in place of the one before where it is an update; `delivered` says what became of it."""
        if self._bus is None:
            self._hand_over(note, "")
            return
        replaced = self._ids.get(note.kind, 0) if note.is_update else 0
        bus = self._bus

        def capable(reply: Reply) -> None:
            """On the bus's thread."""
            if reply.error:
                self._answered.emit(note, reply)
                return
            body = _arguments(note, replaced, set(reply.body[0]))
            bus.call(DAEMON, "Notify", "susssasa{sv}i", body, done=lambda told: self._answered.emit(note, told))

        bus.call(DAEMON, "GetCapabilities", done=capable)

    def withdraw(self, kind: NewsKind) -> None:
        """Take it away, if it is still shown."""
        number = self._ids.pop(kind, 0)
        if number and self._bus is not None:
            self._bus.call(DAEMON, "CloseNotification", "u", (number,))

    def clicked_in_tray(self) -> bool:
        """The tray icon's message was clicked: Qt does not say which, so it is the latest; whether it was one of ours
        that leads somewhere."""
        if self._latest is None:
            return False
        self.chosen.emit(self._latest, "")
        return True

    def other_message(self) -> None:
        """Somebody else showed a message with the tray icon: a click is not about the news before it."""
        self._latest = None

    # -- inside -------------------------------------------------------------------------------------------------------

    @Slot(object, object)
    def _take_answer(self, note: Note, reply: Reply) -> None:
        if reply.error:
            self._hand_over(note, reply.error)
            return
        self._ids[note.kind] = int(reply.body[0])
        self.delivered.emit(Arrival.ARRIVED, "")

    def _hand_over(self, note: Note, why: str) -> None:
        self._latest = note.kind
        arrival = Arrival.HANDED_OVER if self._fallback(note.title, note.text) else Arrival.NOWHERE
        if arrival is Arrival.NOWHERE:
            log.info("a notification was not shown: %s", why or "there is no tray")
        self.delivered.emit(arrival, why)

    @Slot(object)
    def _take_token(self, body: tuple[Any, ...]) -> None:
        number, token = body
        if self._kind_of(number) is not None:
            self._tokens[number] = str(token)

    @Slot(object)
    def _take_action(self, body: tuple[Any, ...]) -> None:
        kind = self._kind_of(body[0])  # others' notifications are told of as well
        if kind is not None:
            self.chosen.emit(kind, self._tokens.pop(body[0], ""))

    @Slot(object)
    def _take_end(self, body: tuple[Any, ...]) -> None:
        kind = self._kind_of(body[0])
        if kind is not None:
            del self._ids[kind]
            self._tokens.pop(body[0], None)
            self.gone.emit(kind)

    def _kind_of(self, number: int) -> NewsKind | None:
        return next((kind for kind, known in self._ids.items() if known == number), None)


def _arguments(note: Note, replaced: int, can: set[str]) -> tuple[Any, ...]:
    """What `Notify` takes. Text is escaped where the daemon reads markup in it, and only there."""
    text = html.escape(shown(note.text), quote=False) if "body-markup" in can else shown(note.text)
    actions = [SHOW, tr("Show")] if "actions" in can else []
    urgency = CRITICAL if note.kind is NewsKind.ATTENTION else NORMAL
    hints = {"urgency": ("y", urgency), "desktop-entry": ("s", "runferry")}
    return (APP, replaced, _icon(), shown(note.title), text, actions, hints, -1)


def _icon() -> str:
    """A file: the icon theme knows us only where the app was installed."""
    try:
        return (resources() / "runferry.svg").as_uri()
    except RuntimeError:
        return "runferry"

"""The tray's icon, tooltip and menu in each state, on one picture: what a panel would show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import scenes
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QMenu

from runferry.desktop.bridge import Update
from runferry.desktop.look.icons import painting
from runferry.desktop.look.theme import MARGIN, Size, Tone, colour, font
from runferry.desktop.look.tray_icon import tray_icon
from runferry.desktop.summary import summarize
from runferry.desktop.tray.icon import STATES
from runferry.desktop.tray.menu import TrayMenu, Wishes
from runferry.status import ConnectionState, SyncState

SIZE = (1260, 580)
COLUMNS = 3
ICON = 22


def states() -> dict[str, Update]:
    """Something that leads to each of the five."""
    typical, well = scenes.typical(), scenes.servers_well()
    done = tuple(one for one in typical if one.state is SyncState.VERIFIED)
    paused = tuple(replace(one, state=ConnectionState.PAUSED) for one in well)
    away = scenes.servers_away()
    return {
        "ok": scenes.update(done, well),
        "syncing": scenes.update(typical, well),
        "paused": scenes.update(typical, paused),
        "retrying": scenes.update(typical, away),
        "attention": scenes.update(typical, scenes.servers_untrusted(), *scenes.problems()),
    }


def picture(scale: float) -> QPixmap:
    """All states side by side."""
    canvas = QPixmap(round(SIZE[0] * scale), round(SIZE[1] * scale))
    canvas.setDevicePixelRatio(scale)
    canvas.fill(QApplication.palette().window().color())
    width, height = SIZE[0] // COLUMNS, SIZE[1] // 2
    with painting(canvas) as painter:
        for number, update in enumerate(states().values()):
            place = QRect(number % COLUMNS * width, number // COLUMNS * height, width, height)
            _one(painter, place.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN), update)
        _live_runs(painter, QPoint((COLUMNS - 1) * width + MARGIN, height + MARGIN + ICON + 10), states()["syncing"])
    return canvas


def _one(painter: QPainter, place: QRect, update: Update) -> None:
    summary = summarize(update.overview, update.totals, scenes.NOW)
    painter.drawPixmap(place.topLeft(), tray_icon(STATES[summary.mood]).pixmap(ICON, ICON))
    painter.setPen(colour(Tone.SUBTLE))
    painter.setFont(font(Size.SMALL))
    said = place.adjusted(ICON + 8, 0, 0, 0)
    said.setHeight(ICON)
    text = painter.fontMetrics().elidedText(f"Runferry — {summary.sentence}", Qt.TextElideMode.ElideRight, said.width())
    painter.drawText(said, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    shown = TrayMenu(_wishes())
    shown.show_summary(summary)
    shown.show_update(update)
    menu: QMenu = shown.menu
    menu.adjustSize()
    painter.drawPixmap(place.topLeft() + QPoint(0, ICON + 10), menu.grab())


def _live_runs(painter: QPainter, at: QPoint, update: Update) -> None:
    """The menu of the live runs, and that of the first of them."""
    shown = TrayMenu(_wishes())
    shown.show_update(update)
    for menu in (
        shown.live,
        shown._places[0].menu,
    ):
        menu.adjustSize()
        painter.drawPixmap(at, menu.grab())
        at += QPoint(24, menu.height() + 8)


def _wishes() -> Wishes:
    def nothing(*_: Any) -> None:
        """Nobody clicks."""

    return Wishes(**dict.fromkeys(Wishes.__dataclass_fields__, nothing))

"""The icon in the tray: the ferry, with a badge cut out of its lower right corner that tells the state by its shape.

Panels are dark or light whatever the palette of windows is, and nobody can ask which: so the ferry brings its own ground,
a blue tile, but on macOS, which colours templates itself. Drawn from `resources/icons/tray-*.svg`, kept once drawn.
"""

from __future__ import annotations

import sys
from enum import Enum
from functools import cache

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPainterPath, QPixmap

from runferry.desktop.look.icons import paint_ink

FRAMES = 8
"""How many pictures the movement of SYNCING has; the others stand still. One every 150 ms looks gentle."""

_SIZES = (16, 20, 22, 24, 32, 44, 48, 64)
_TILE = QColor("#1b66bd")
_WHITE = QColor("#ffffff")
# In parts of the icon's side: where the badge's centre is (in both directions), how wide the badge, the drawing in it and
# the hole in the ferry around it are.
_CENTRE = 0.74
_BADGE = 0.52
_GLYPH = 0.39
_CUT = 0.66
# How far the arrow has risen in each frame, in parts of the badge: it leaves at the top and comes back from below.
_LIFT = (0.0, 0.05, 0.15, 0.32, 0.55, -0.5, -0.28, -0.1)


class TrayState(Enum):
    """What the tray icon can say: the badge's drawing (empty: none), the badge's colour and its ink."""

    UP_TO_DATE = ("", "", "")
    SYNCING = ("syncing", "#1f8a5b", "#ffffff")
    PAUSED = ("paused", "#646b76", "#ffffff")
    RETRYING = ("retrying", "#f2a93b", "#2b1c00")
    ATTENTION = ("attention", "#d93636", "#ffffff")


def tray_icon(state: TrayState, frame: int = 0, ink: QColor | None = None) -> QIcon:
    """The icon of a state in all sizes. `frame` counts on and on; with `ink` it is drawn in that one colour."""
    moving = frame % FRAMES if state is TrayState.SYNCING else 0
    if ink is None and sys.platform == "darwin":
        return _template(state, moving)
    return _icon(state, moving, ink.name(QColor.NameFormat.HexArgb) if ink is not None else "")


@cache
def _template(state: TrayState, frame: int) -> QIcon:
    """What macOS colours itself."""
    found = QIcon(_icon(state, frame, "#ff000000"))
    found.setIsMask(True)
    return found


@cache
def _icon(state: TrayState, frame: int, ink: str) -> QIcon:
    found = QIcon()
    for size in _SIZES:
        found.addPixmap(QPixmap.fromImage(_draw(state, frame, QColor(ink) if ink else None, size)))
    return found


def _draw(state: TrayState, frame: int, ink: QColor | None, size: int) -> QImage:
    found = _blank(size)
    painter = QPainter(found)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    if ink is None:
        _draw_tile(painter, size)
    else:
        paint_ink(painter, QRectF(0, 0, size, size), "tray-mark", ink)
    if state.value[0]:
        _draw_badge(painter, state, frame, ink, size)
    painter.end()
    return found


def _draw_tile(painter: QPainter, size: int) -> None:
    painter.setBrush(_TILE)
    painter.drawRoundedRect(QRectF(0, 0, size, size), size * 0.22, size * 0.22)
    edge = size * 0.12
    paint_ink(painter, QRectF(edge, edge, size - 2 * edge, size - 2 * edge), "tray-mark", _WHITE)


def _draw_badge(painter: QPainter, state: TrayState, frame: int, ink: QColor | None, size: int) -> None:
    name, ground, glyph_ink = state.value
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    painter.setBrush(Qt.GlobalColor.black)
    painter.drawEllipse(_around_badge(size, _CUT))
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    painter.setBrush(QColor(ground) if ink is None else ink)
    painter.drawEllipse(_around_badge(size, _BADGE))
    if ink is not None:  # one colour only: the glyph is a hole
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
    painter.drawImage(0, 0, _glyph(f"tray-badge-{name}", QColor(glyph_ink), size, _LIFT[frame]))


def _glyph(name: str, ink: QColor, size: int, lift: float) -> QImage:
    """The badge's drawing alone, cut off at the badge's edge."""
    found = _blank(size)
    painter = QPainter(found)
    edge = QPainterPath()
    edge.addEllipse(_around_badge(size, _BADGE))
    painter.setClipPath(edge)
    where = _around_badge(size, _GLYPH)
    where.translate(0, -lift * _BADGE * size)
    paint_ink(painter, where, name, ink)
    painter.end()
    return found


def _around_badge(size: int, side: float) -> QRectF:
    """A square around the badge's centre; `side` in parts of the icon's."""
    middle = size * (_CENTRE - side / 2)
    return QRectF(middle, middle, size * side, size * side)


def _blank(size: int) -> QImage:
    found = QImage(QSize(size, size), QImage.Format.Format_ARGB32_Premultiplied)
    found.fill(Qt.GlobalColor.transparent)
    return found

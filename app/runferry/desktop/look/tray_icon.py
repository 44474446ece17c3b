"""The icon in the tray: the ferry, with a badge cut out of its lower right corner that tells the state by its shape.

Panels are dark or light whatever the palette of windows is, and nobody can ask which: so the ferry brings its own
ground, a blue tile, but on macOS, which colours templates itself. It knows nothing of runs. Drawn from
`resources/icons/tray-*.svg`, kept once drawn.
"""

from __future__ import annotations

import sys
from enum import Enum
from functools import cache

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPainterPath, QPainterPathStroker, QPen, QPixmap, QPolygonF

from runferry.desktop.look.icons import paint_ink, painting

FRAMES = 8
"""How many pictures the movement of SYNCING has; the others stand still. One every 150 ms looks gentle."""

_SIZES = (16, 20, 22, 24, 32, 44, 48, 64)
_TILE = QColor("#1b66bd")
_WHITE = QColor("#ffffff")
# In parts of the icon's side: where the badge's centre is (in both directions), how wide the badge and the drawing in
# it are, and the gap between the badge and the ferry. Small icons get a larger badge.
_CENTRE = 0.73
_BADGE = 0.54
_BADGE_IF_SMALL = 0.6
_SMALL = 20
_GLYPH = 0.72  # of the badge
_GAP = 0.07
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
    with painting(found) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if ink is None:
            _draw_tile(painter, size)
        else:
            paint_ink(painter, QRectF(0, 0, size, size), "tray-mark", ink)
        if state.value[0]:
            _draw_badge(painter, state, frame, ink, size)
    return found


def _draw_tile(painter: QPainter, size: int) -> None:
    painter.setBrush(_TILE)
    painter.drawRoundedRect(QRectF(0, 0, size, size), size * 0.22, size * 0.22)
    edge = size * 0.12
    paint_ink(painter, QRectF(edge, edge, size - 2 * edge, size - 2 * edge), "tray-mark", _WHITE)


def _draw_badge(painter: QPainter, state: TrayState, frame: int, ink: QColor | None, size: int) -> None:
    name, ground, glyph_ink = state.value
    around = _badge(size)
    shape = _triangle(around) if state is TrayState.ATTENTION else _disc(around)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    edge = QPen(Qt.GlobalColor.black, 2 * _GAP * size)
    edge.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(shape.united(_disc(around)), edge)
    painter.fillPath(_disc(around), Qt.GlobalColor.black)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    painter.fillPath(shape, QColor(ground) if ink is None else ink)
    if ink is not None:  # one colour only: the glyph is a hole
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
    painter.drawImage(0, 0, _glyph(f"tray-badge-{name}", QColor(glyph_ink), size, _LIFT[frame]))


def _glyph(name: str, ink: QColor, size: int, lift: float) -> QImage:
    """The badge's drawing alone, cut off at the badge's edge."""
    found = _blank(size)
    around = _badge(size)
    inset = around.width() * (1 - _GLYPH) / 2
    with painting(found) as painter:
        painter.setClipPath(_disc(around))
        paint_ink(
            painter, around.adjusted(inset, inset, -inset, -inset).translated(0, -lift * around.height()), name, ink
        )
    return found


def _badge(size: int) -> QRectF:
    """Where the badge is: its right and lower edges stay inside the icon."""
    side = size * (_BADGE_IF_SMALL if size < _SMALL else _BADGE)
    start = min(size * _CENTRE - side / 2, size - side)
    return QRectF(start, start, side, side)


def _disc(around: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(around)
    return path


def _triangle(around: QRectF) -> QPainterPath:
    """With round corners, a little wider than the disc would be: what needs attention differs in outline too."""
    corner = around.width() * 0.16
    inner = QPolygonF(
        [
            QPointF(around.center().x(), around.top() + corner),
            QPointF(around.right() - corner * 0.9, around.bottom() - corner),
            QPointF(around.left() + corner * 0.9, around.bottom() - corner),
        ]
    )
    path = QPainterPath()
    path.addPolygon(inner)
    path.closeSubpath()
    round_edge = QPainterPathStroker()
    round_edge.setWidth(2 * corner)
    round_edge.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return path.united(round_edge.createStroke(path)).simplified()


def _blank(size: int) -> QImage:
    found = QImage(QSize(size, size), QImage.Format.Format_ARGB32_Premultiplied)
    found.fill(Qt.GlobalColor.transparent)
    return found

"""Icons from `resources/icons/*.svg`, drawn in the colour of a meaning and sharp at any scale.

Each drawing uses `currentColor`; what it means is never told by colour alone.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from runferry.desktop.look.resources import resources
from runferry.desktop.look.theme import Tone, colour, is_dark

_SIZES = (16, 20, 22, 24, 32, 48)
_SCALES = (1.0, 2.0)


def icon(name: str, tone: Tone = Tone.TEXT) -> QIcon:
    """An icon for buttons and menus; ask again when the palette changed. KeyError where there is no such drawing."""
    return _icon(name, colour(tone).name(QColor.NameFormat.HexRgb), is_dark())


@cache
def _icon(name: str, ink: str, dark: bool) -> QIcon:
    found = QIcon()
    faded = QColor(ink)
    faded.setAlphaF(0.4)
    for size in _SIZES:
        for scale in _SCALES:
            found.addPixmap(_pixmap(name, ink, size, scale))
            found.addPixmap(_pixmap(name, faded.name(QColor.NameFormat.HexArgb), size, scale), QIcon.Mode.Disabled)
    return found


def pixmap(name: str, tone: Tone, size: int, scale: float = 1.0) -> QPixmap:
    """A drawing as a square picture of `size` points at a screen's `scale`."""
    return _pixmap(name, colour(tone).name(QColor.NameFormat.HexRgb), size, scale)


@cache
def _pixmap(name: str, ink: str, size: int, scale: float) -> QPixmap:
    found = QPixmap(QSize(round(size * scale), round(size * scale)))
    found.fill(Qt.GlobalColor.transparent)
    painter = QPainter(found)
    paint_ink(painter, QRectF(0, 0, found.width(), found.height()), name, QColor(ink))
    painter.end()
    found.setDevicePixelRatio(scale)
    return found


def paint(painter: QPainter, rect: QRectF, name: str, tone: Tone, angle: float = 0.0) -> None:
    """Draw into `rect`, turned by `angle` degrees: for delegates and moving states."""
    paint_ink(painter, rect, name, colour(tone), angle)


def paint_ink(painter: QPainter, rect: QRectF, name: str, ink: QColor, angle: float = 0.0) -> None:
    """The same in any colour."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(painter.opacity() * ink.alphaF())
    if angle:
        painter.translate(rect.center())
        painter.rotate(angle)
        painter.translate(-rect.center())
    _renderer(name, ink.name(QColor.NameFormat.HexRgb)).render(painter, rect)
    painter.restore()


@cache
def _renderer(name: str, ink: str) -> QSvgRenderer:
    path = resources() / "icons" / f"{name}.svg"
    try:
        drawing = path.read_bytes()
    except OSError as error:
        raise KeyError(f"there is no icon {name!r}") from error
    renderer = QSvgRenderer(QByteArray(drawing.replace(b"currentColor", ink.encode())))
    if not renderer.isValid():
        raise KeyError(f"the icon {name!r} cannot be drawn")
    return renderer

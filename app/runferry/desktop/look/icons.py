"""Icons from `resources/icons/*.svg`, drawn in the colour of a meaning and sharp at any scale.

Each drawing uses `currentColor`; what it means is never told by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPaintDevice, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from runferry.desktop.look.resources import resources
from runferry.desktop.look.theme import Tone, colour

# In pixels of the screen: 16, 20, 22 and 24 points at 100 % and 200 %. Qt picks, and shrinks what lies between.
_SIZES = (16, 20, 22, 24, 32, 40, 44, 48)
_FADED = 0.4


@contextmanager
def painting(picture: QPaintDevice) -> Iterator[QPainter]:
    """A painter that is ended whatever happens: a picture that goes while one is at work takes the process with it."""
    painter = QPainter(picture)
    try:
        yield painter
    finally:
        painter.end()


def icon(name: str, tone: Tone = Tone.TEXT) -> QIcon:
    """An icon for buttons and menus; ask again when the palette changed. KeyError where there is no such drawing."""
    chosen = QGuiApplication.palette().color(QPalette.ColorRole.HighlightedText)
    return _icon(name, colour(tone).name(QColor.NameFormat.HexRgb), chosen.name(QColor.NameFormat.HexRgb))


@cache
def _icon(name: str, ink: str, chosen: str) -> QIcon:
    found = QIcon()
    for size in _SIZES:
        plain = _pixmap(name, ink, size, 1.0)
        found.addPixmap(plain)
        found.addPixmap(_faded(plain), QIcon.Mode.Disabled)
        found.addPixmap(_tinted(plain, QColor(chosen)), QIcon.Mode.Selected)
    return found


def _faded(plain: QPixmap) -> QPixmap:
    found = QPixmap(plain.size())
    found.fill(Qt.GlobalColor.transparent)
    with painting(found) as painter:
        painter.setOpacity(_FADED)
        painter.drawPixmap(0, 0, plain)
    return found


def _tinted(plain: QPixmap, ink: QColor) -> QPixmap:
    found = QPixmap(plain)
    with painting(found) as painter:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(found.rect(), ink)
    return found


def pixmap(name: str, tone: Tone, size: int, scale: float = 1.0) -> QPixmap:
    """A drawing as a square picture of `size` points at a screen's `scale`."""
    return _pixmap(name, colour(tone).name(QColor.NameFormat.HexRgb), size, scale)


@cache
def _pixmap(name: str, ink: str, size: int, scale: float) -> QPixmap:
    found = QPixmap(QSize(round(size * scale), round(size * scale)))
    found.fill(Qt.GlobalColor.transparent)
    with painting(found) as painter:
        paint_ink(painter, QRectF(found.rect()), name, QColor(ink))
    found.setDevicePixelRatio(scale)
    return found


@lru_cache(2000)
def inked(name: str, ink: str, size: int, scale: float, angle: int | None = None) -> QPixmap:
    """A drawing in the colour `ink` (#rrggbb) as a square picture of `size` points at a screen's `scale`.

    With an angle in degrees: the ring of a shape that turns, and the arrow in it that does not.
    """
    if angle is None:
        return _pixmap(name, ink, size, scale)
    found = QPixmap(QSize(round(size * scale), round(size * scale)))
    found.fill(Qt.GlobalColor.transparent)
    with painting(found) as painter:
        paint_ink(painter, QRectF(found.rect()), f"{name}-ring", QColor(ink), angle)
        paint_ink(painter, QRectF(found.rect()), f"{name}-arrow", QColor(ink))
    found.setDevicePixelRatio(scale)
    return found


def paint(painter: QPainter, rect: QRectF, name: str, tone: Tone, angle: float = 0.0) -> None:
    """Draw into `rect`, turned by `angle` degrees: for delegates and moving states. What stands still is kept."""
    if angle or rect.width() != rect.height():
        paint_ink(painter, rect, name, colour(tone), angle)
        return
    scale = painter.device().devicePixelRatioF()
    painter.drawPixmap(rect.topLeft(), pixmap(name, tone, round(rect.width()), scale))


def paint_ink(painter: QPainter, rect: QRectF, name: str, ink: QColor, angle: float = 0.0) -> None:
    """The same in any colour."""
    drawing = _renderer(name, ink.name(QColor.NameFormat.HexRgb))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(painter.opacity() * ink.alphaF())
    if angle:
        painter.translate(rect.center())
        painter.rotate(angle)
        painter.translate(-rect.center())
    drawing.render(painter, rect)
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

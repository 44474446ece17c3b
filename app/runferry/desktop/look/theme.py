"""Colours by meaning, on top of the system's palette, light and dark; sizes of text and the 8-px grid.

A colour never stands alone: whatever is coloured has a shape and a word too.
"""

from __future__ import annotations

from enum import Enum

from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QWidget

GRID = 8
MARGIN = 16
SIDEBAR = 200
HEAD = 24  # the line with a page's title, whether or not it has buttons


class Tone(Enum):
    """What a colour means: its value in light and in dark surroundings; empty: the palette's own."""

    TEXT = ("", "")
    SUBTLE = ("#5f6670", "#a3abb6")
    ACCENT = ("#2563c9", "#7fb0ff")
    GOOD = ("#19743f", "#6ccf95")
    LIVE = ("#0a7466", "#4fd6b4")
    WARN = ("#985600", "#f0b357")
    DAMAGED = ("#8a3fa0", "#d59be8")
    BAD = ("#bd2c2c", "#ff8d85")


class Size(Enum):
    """The three sizes of text, relative to the system's."""

    TITLE = 1.45
    BODY = 1.0
    SMALL = 0.88


def is_dark(palette: QPalette | None = None) -> bool:
    """Whether windows are dark now."""
    palette = palette or QGuiApplication.palette()
    return palette.color(QPalette.ColorRole.Window).lightness() < 128


def colour(tone: Tone, palette: QPalette | None = None) -> QColor:
    """The colour of a meaning in the surroundings of this palette (default: the application's)."""
    palette = palette or QGuiApplication.palette()
    text = tone.value[1 if is_dark(palette) else 0]
    return QColor(text) if text else palette.color(QPalette.ColorRole.WindowText)


def faint(tone: Tone, strength: float = 0.12, palette: QPalette | None = None) -> QColor:
    """The same colour as a background: `strength` 0 to 1."""
    found = colour(tone, palette)
    found.setAlphaF(strength)
    return found


def line_colour(palette: QPalette | None = None) -> QColor:
    """Of thin lines between areas."""
    found = colour(Tone.TEXT, palette)
    found.setAlphaF(0.14)
    return found


def card_colour(palette: QPalette) -> QColor:
    """The ground of what lies on a page: a shade lighter than the page, in light and in dark."""
    ground = QColor("#ffffff")
    ground.setAlphaF(0.03 if is_dark(palette) else 0.6)
    return ground


def font(size: Size, bold: bool = False, base: QFont | None = None) -> QFont:
    """The system's font in one of the three sizes."""
    found = QFont(base or QGuiApplication.font())
    points = found.pointSizeF()
    if points > 0:
        found.setPointSizeF(points * size.value)
    else:
        found.setPixelSize(round(found.pixelSize() * size.value))
    found.setBold(bold)
    return found


def dress(widget: QWidget, size: Size = Size.BODY, tone: Tone | None = None, bold: bool = False) -> None:
    """Give a label its size and the colour of a meaning; call again when the palette changes."""
    widget.setFont(font(size, bold))
    if tone is not None:
        palette = widget.palette()
        palette.setColor(QPalette.ColorRole.WindowText, colour(tone))
        palette.setColor(QPalette.ColorRole.Text, colour(tone))
        widget.setPalette(palette)

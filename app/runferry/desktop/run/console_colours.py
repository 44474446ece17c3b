"""What terminal colours look like in light and in dark surroundings; always readable on what is behind them."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QColor, QFont, QPalette, QTextCharFormat

from runferry.desktop.look.theme import is_dark
from runferry.desktop.run.ansi import Colour, Style

_LIGHT = (
    "#24292f #b42318 #1a7f37 #8a6100 #1f5fc4 #8a3fa0 #0b7285 #6a737d "
    "#57606a #d1382c #22863a #a06a00 #2f6fd8 #a04fb8 #127f93 #40464d"
)
_DARK = (
    "#6b7280 #ff8d85 #6ccf95 #f0b357 #7fb0ff #d59be8 #56d4dd #d0d4da "
    "#8b94a1 #ffaaa4 #8fe0b0 #f7cb85 #a3c7ff #e5bcf2 #8ae4ea #ffffff"
)
_READABLE, _GOOD = 3.0, 4.5  # contrast: of colours that a program chose for other surroundings, and of ours


class ConsoleColours:
    """Formats for one palette; make another when the palette changes."""

    def __init__(self, palette: QPalette) -> None:
        self._basic = [QColor(one) for one in (_DARK if is_dark(palette) else _LIGHT).split()]
        self._base = palette.color(QPalette.ColorRole.Base)
        self._text = palette.color(QPalette.ColorRole.Text)
        self.format = lru_cache(maxsize=2048)(self._format)
        """The format of a style."""

    def _format(self, style: Style) -> QTextCharFormat:
        ink = self._text if style.ink is None else self.colour(style.ink)
        paper = None if style.paper is None else self.colour(style.paper)
        if style.inverse:
            ink, paper = paper or self._base, ink
        ink = readable(ink, paper or self._base, _GOOD if style.ink is None else _READABLE)
        if style.faint:
            ink = readable(_mixed(ink, paper or self._base, 0.4), paper or self._base)
        found = QTextCharFormat()
        found.setForeground(ink)
        if paper is not None:
            found.setBackground(paper)
        if style.bold:
            found.setFontWeight(QFont.Weight.Bold)
        found.setFontItalic(style.italic)
        found.setFontUnderline(style.underline)
        found.setFontStrikeOut(style.strike)
        return found

    def colour(self, colour: Colour) -> QColor:
        """A number of the palette, or red, green, blue."""
        if isinstance(colour, tuple):
            return QColor(*colour)
        if colour < 16:
            return self._basic[colour]
        if colour >= 232:
            grey = 8 + 10 * (colour - 232)
            return QColor(grey, grey, grey)
        cube = colour - 16
        red, green, blue = (0 if one == 0 else 55 + 40 * one for one in (cube // 36, cube // 6 % 6, cube % 6))
        return QColor(red, green, blue)


def contrast(one: QColor, other: QColor) -> float:
    """From 1 (the same) to 21 (black on white), as WCAG defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(ink: QColor, paper: QColor, least: float = _READABLE) -> QColor:
    """The ink, or where it can hardly be seen on this paper, the nearest to it that can."""
    end = QColor("#ffffff") if _luminance(paper) < 0.18 else QColor("#000000")
    for part in range(11):
        found = _mixed(ink, end, part / 10)
        if contrast(found, paper) >= least:
            return found
    return end


def _luminance(colour: QColor) -> float:
    red, green, blue = (
        one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4
        for one in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(one: QColor, other: QColor, part: float) -> QColor:
    """`part` of the other, the rest of the one."""
    pairs = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)  # type: ignore[index]
    red, green, blue = (round(a + (b - a) * part) for a, b in pairs)
    return QColor(red, green, blue)

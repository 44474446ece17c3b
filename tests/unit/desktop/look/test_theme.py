"""Tones read on what they stand on; sizes of text; what a state looks like."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QLabel

from runferry.desktop.look import words
from runferry.desktop.look.theme import Size, Tone, colour, dress, faint, font, is_dark, line_colour
from runferry.status import ConnectionState, RunState, SyncState

LIGHT = ("#ffffff", "#f7f7f7", "#efefef", "#e6e6e6")
DARK = ("#1e1e1e", "#202326", "#2d2d2d", "#323232", "#353535")
COLOURED = [tone for tone in Tone if tone.value[0]]


def luminance(shade: QColor) -> float:
    """As WCAG 2 defines it."""
    parts = (shade.redF(), shade.greenF(), shade.blueF())
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    """1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tone", COLOURED, ids=lambda tone: tone.name)
@pytest.mark.parametrize("ground", [*LIGHT, *DARK])
def test_every_tone_reads_on_every_ground(tone: Tone, ground: str, qapp: QApplication) -> None:
    palette = QPalette(QColor(ground))
    assert is_dark(palette) == (ground in DARK)
    assert contrast(colour(tone, palette), QColor(ground)) >= 4.5


def test_text_is_the_palettes_own(qapp: QApplication) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#123456"))
    assert colour(Tone.TEXT, palette) == QColor("#123456")
    assert faint(Tone.TEXT, 0.5, palette).alphaF() == pytest.approx(0.5, abs=0.01)
    assert line_colour(palette).alphaF() < 0.2


@pytest.mark.parametrize("in_pixels", [False, True])
def test_sizes_are_relative_to_the_systems(in_pixels: bool, qapp: QApplication) -> None:
    base = QFont()
    if in_pixels:
        base.setPixelSize(20)
        sizes = [font(size, base=base).pixelSize() for size in (Size.SMALL, Size.BODY, Size.TITLE)]
        assert sizes == [18, 20, 29]
    else:
        base.setPointSizeF(10)
        points = [font(size, base=base).pointSizeF() for size in (Size.SMALL, Size.BODY, Size.TITLE)]
        assert points == pytest.approx([8.8, 10, 14.5])
    assert font(Size.BODY, bold=True, base=base).bold()


def test_a_label_is_dressed(qapp: QApplication) -> None:
    label = QLabel("Retrying")
    dress(label, Size.SMALL, Tone.WARN, bold=True)
    assert label.font().bold()
    assert label.palette().color(QPalette.ColorRole.WindowText) == colour(Tone.WARN)


def test_every_state_has_a_look() -> None:
    assert set(words.SYNC) == set(SyncState)
    assert set(words.RUN) == set(RunState)
    assert set(words.CONNECTION) == set(ConnectionState)
    for looks in (words.SYNC.values(), words.CONNECTION.values()):
        assert len({look.word for look in looks}) == len(looks)
    assert len({look.shape for look in (*words.SYNC.values(), words.LIVE, words.DAMAGED)}) == len(SyncState) + 2

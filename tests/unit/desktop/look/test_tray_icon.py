"""The tray icon and the program's icon: states told apart, on any panel, in motion, and kept once drawn."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QApplication

from runferry.desktop.look.app_icon import SIZES, app_icon
from runferry.desktop.look.tray_icon import FRAMES, TrayState, tray_icon

SIDE = 22


def picture(icon: QIcon, size: int = SIDE) -> QImage:
    return icon.pixmap(QSize(size, size), 1.0).toImage()


def on(icon: QIcon, ground: int, size: int = SIDE) -> list[float]:
    """How light each pixel is on a grey panel, 0 to 255, left to right and down."""
    found = picture(icon, size)
    pixels = [found.pixelColor(x, y) for y in range(size) for x in range(size)]
    return [one.lightness() * one.alphaF() + ground * (1 - one.alphaF()) for one in pixels]


def apart(one: list[float], other: list[float]) -> int:
    """How many pixels differ clearly."""
    return sum(abs(a - b) > 48 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("ground", "ink"), [(0, None), (50, None), (240, None), (50, "white"), (240, "black")])
def test_states_are_told_apart_without_colour(ground: int, ink: str | None, qapp: QApplication) -> None:
    shown = {
        state: [on(tray_icon(state, 0, QColor(ink) if ink else None), ground, size) for size in (16, 22, 32)]
        for state in TrayState
    }
    for one, other in itertools.combinations(TrayState, 2):
        for small, big in zip(shown[one], shown[other], strict=True):
            assert apart(small, big) >= 8, (one, other)


def test_the_ferry_is_readable_on_any_panel(qapp: QApplication) -> None:
    for ground in (0, 50, 128, 240, 255):
        shades = on(tray_icon(TrayState.UP_TO_DATE), ground)
        inside = [shades[y * SIDE + x] for y in range(3, 19) for x in range(3, 19)]
        assert max(inside) - min(inside) > 100


def test_only_syncing_moves(qapp: QApplication) -> None:
    frames = [on(tray_icon(TrayState.SYNCING, frame), 50, 44) for frame in range(FRAMES)]
    for one, other in zip(frames, frames[1:] + frames[:1], strict=True):
        assert apart(one, other) > 0
    assert tray_icon(TrayState.SYNCING, FRAMES).cacheKey() == tray_icon(TrayState.SYNCING, 0).cacheKey()
    for state in set(TrayState) - {TrayState.SYNCING}:
        assert tray_icon(state, 3).cacheKey() == tray_icon(state, 0).cacheKey()


def test_a_frame_is_drawn_once(qapp: QApplication) -> None:
    keys = {tray_icon(TrayState.SYNCING, frame).cacheKey() for frame in range(10 * FRAMES)}
    assert len(keys) == FRAMES


@pytest.mark.parametrize("state", TrayState)
def test_one_ink_is_one_ink(state: TrayState, qapp: QApplication) -> None:
    found = picture(tray_icon(state, 0, QColor("#123456")), 48)
    solid = [one for x in range(48) for y in range(48) if (one := found.pixelColor(x, y)).alpha() == 255]
    assert len(solid) > 200
    assert {one.name() for one in solid} == {"#123456"}


def test_macos_gets_a_template(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not tray_icon(TrayState.PAUSED).isMask()
    monkeypatch.setattr("sys.platform", "darwin")
    template = tray_icon(TrayState.PAUSED)
    assert template.isMask()
    found = picture(template, 44)
    assert {found.pixelColor(x, y).name() for x in range(44) for y in range(44)} == {"#000000"}
    assert not tray_icon(TrayState.PAUSED, 0, QColor("black")).isMask(), "the mask is a copy's"


def test_it_is_sharp_at_200_percent(qapp: QApplication) -> None:
    found = tray_icon(TrayState.RETRYING).pixmap(QSize(SIDE, SIDE), 2.0)
    assert (found.width(), found.devicePixelRatio()) == (44, 2.0)


def test_the_programs_icon_has_every_size(qapp: QApplication) -> None:
    assert [size.width() for size in sorted(app_icon().availableSizes(), key=QSize.width)] == list(SIZES)
    found = picture(app_icon(), 16)
    assert found.pixelColor(0, 0).alpha() < 128, "round corners"
    assert len({found.pixelColor(x, y).name() for x in range(16) for y in range(16)}) > 20

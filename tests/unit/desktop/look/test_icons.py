"""The drawings: there for every name, in one colour, not cut off, told apart by shape, sharp, and kept once drawn."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication

from runferry.desktop.look import icons
from runferry.desktop.look.resources import resources
from runferry.desktop.look.theme import Tone, colour

CHECKOUT = Path(__file__).resolve().parents[4]
DRAWINGS = sorted((CHECKOUT / "resources" / "icons").glob("*.svg"))
NAMES = [path.stem for path in DRAWINGS]
STATES = [name for name in NAMES if name.startswith("state-") and not name.endswith(("-ring", "-arrow"))]
PREFIXES = ("state-", "nav-", "step-", "tray-")
PLACES = {"icon": 0, "pixmap": 0, "Look": 0, "paint": 2, "paint_ink": 2}
SVG = "{http://www.w3.org/2000/svg}"
INK = "#123456"


def drawn(name: str, size: int, angle: float = 0.0) -> list[int]:
    """How much ink is on each pixel, 0 to 255."""
    picture = QImage(QSize(size, size), QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    icons.paint_ink(painter, QRectF(0, 0, size, size), name, QColor("black"), angle)
    painter.end()
    return [picture.pixelColor(x, y).alpha() for y in range(size) for x in range(size)]


def difference(one: list[int], other: list[int]) -> float:
    """What two drawings do not share, in parts of what either covers: 0 equal, 1 nothing in common."""
    apart = sum(abs(a - b) for a, b in zip(one, other, strict=True))
    return apart / sum(max(a, b) for a, b in zip(one, other, strict=True))


def names_in(source: str) -> Iterator[str]:
    """Every name of a drawing that a piece of code mentions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            at = PLACES.get(called)
            given = [node.args[at]] if at is not None and len(node.args) > at else []
            given += [one.value for one in node.keywords if one.arg in ("icon", "shape")]
            yield from (one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(PREFIXES):
            yield node.value


def test_every_name_in_the_code_has_a_drawing() -> None:
    used = {
        name
        for path in (CHECKOUT / "app" / "runferry" / "desktop").rglob("*.py")
        for name in names_in(path.read_text(encoding="utf-8"))
        if not name.endswith("-")  # the fixed part of a name that is put together; see test_tray_icon
    }
    assert {"state-verified", "state-live", "tray-mark"} <= used
    assert used - set(NAMES) == set()


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_a_drawing_is_one_colour_without_text(path: Path) -> None:
    root = ElementTree.parse(path).getroot()
    assert root.get("viewBox") == "0 0 24 24"
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in ("svg", "path", "circle", "ellipse", "rect")
        assert not (element.text or "").strip()
        assert {element.get("fill", "none"), element.get("stroke", "none")} <= {"none", "currentColor"}
        assert element.get("style") is None


def test_every_drawing_shows_at_16_pixels_and_none_is_cut_off(qapp: QApplication) -> None:
    for name in NAMES:
        assert max(drawn(name, 16)) > 150, name
        big = drawn(name, 96)
        edge = [big[at] for at in range(96 * 96) if at // 96 in (0, 95) or at % 96 in (0, 95)]
        assert max(edge) == 0, name


def test_states_are_told_apart_by_shape_at_16_pixels(qapp: QApplication) -> None:
    assert len(STATES) == 11
    small = {name: drawn(name, 16) for name in STATES}
    for one, other in itertools.combinations(STATES, 2):
        assert difference(small[one], small[other]) > 0.3, (one, other)


def test_the_layers_of_syncing_are_the_whole(qapp: QApplication) -> None:
    ring, arrow, whole = (drawn(f"state-syncing{part}", 96) for part in ("-ring", "-arrow", ""))
    assert difference([max(pair) for pair in zip(ring, arrow, strict=True)], whole) < 0.01
    assert difference(drawn("state-syncing-ring", 96, 90), ring) > 0.1, "a turned ring looks turned"
    assert difference(drawn("state-syncing-ring", 96, 360), ring) == 0


def test_an_icon_is_sharp_at_200_percent(qapp: QApplication) -> None:
    picture = icons.icon("add").pixmap(QSize(16, 16), 2.0)
    assert (picture.width(), picture.devicePixelRatio()) == (32, 2.0)


def ink_of(found: QIcon, mode: QIcon.Mode) -> QColor:
    """The colour where an icon is densest."""
    picture = found.pixmap(QSize(24, 24), 1.0, mode).toImage()
    pixels = [picture.pixelColor(x, y) for x in range(24) for y in range(24)]
    return max(pixels, key=QColor.alpha)


def test_an_icon_has_the_ink_of_its_meaning_and_mode(qapp: QApplication) -> None:
    found = icons.icon("stop", Tone.BAD)
    assert ink_of(found, QIcon.Mode.Normal) == colour(Tone.BAD)
    assert ink_of(found, QIcon.Mode.Selected) == qapp.palette().color(QPalette.ColorRole.HighlightedText)
    assert ink_of(found, QIcon.Mode.Disabled).alphaF() == pytest.approx(0.4, abs=0.01)


def test_an_icon_follows_the_palette(qapp: QApplication) -> None:
    before = QPalette(qapp.palette())
    try:
        qapp.setPalette(QPalette(QColor("#202326")))
        assert ink_of(icons.icon("stop"), QIcon.Mode.Normal).lightness() > 200
        qapp.setPalette(QPalette(QColor("#efefef")))
        assert ink_of(icons.icon("stop"), QIcon.Mode.Normal).lightness() < 50
    finally:
        qapp.setPalette(before)


def test_what_stands_still_is_kept(qapp: QApplication) -> None:
    assert icons.icon("add").cacheKey() == icons.icon("add").cacheKey()
    assert icons.pixmap("add", Tone.TEXT, 16).cacheKey() == icons.pixmap("add", Tone.TEXT, 16).cacheKey()


def test_painting_into_a_widget_is_the_drawing(qapp: QApplication) -> None:
    picture = QImage(QSize(40, 40), QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    icons.paint(painter, QRectF(20, 0, 16, 16), "state-verified", Tone.GOOD)
    icons.paint(painter, QRectF(20, 20, 16, 16), "state-verified", Tone.GOOD, angle=90)
    painter.end()
    straight = [picture.pixelColor(20 + x, y).alpha() for y in range(16) for x in range(16)]
    turned = [picture.pixelColor(20 + x, 20 + y).alpha() for y in range(16) for x in range(16)]
    assert straight == drawn("state-verified", 16)
    assert difference(straight, turned) > 0.05


def test_no_such_drawing(qapp: QApplication) -> None:
    with pytest.raises(KeyError, match="there is no icon 'nothing'"):
        icons.icon("nothing")


def test_a_drawing_that_is_none(qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons" / "broken.svg").write_text("<nothing/>")
    monkeypatch.setattr(icons, "resources", lambda: tmp_path)
    with pytest.raises(KeyError, match="cannot be drawn"):
        icons.icon("broken")


def test_an_installation_without_icons_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("runferry.desktop.look.resources._HERE", tmp_path / "a/b/c/d/e/resources.py")
    resources.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="lacks its icons"):
            resources()
        (tmp_path / "frozen" / "resources" / "icons").mkdir(parents=True)
        monkeypatch.setattr("sys._MEIPASS", str(tmp_path / "frozen"), raising=False)
        assert resources() == tmp_path / "frozen" / "resources"
    finally:
        resources.cache_clear()

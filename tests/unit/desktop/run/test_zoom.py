"""Parts of an axis: never beyond what there is, never so close that numbers lose their sense."""

from __future__ import annotations

import pytest

from runferry.desktop.run import zoom
from runferry.desktop.run.zoom import CLOSEST, Range

WHOLE = (0.0, 100.0)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (20.0, 40.0, (20.0, 40.0)),
        (40.0, 20.0, (20.0, 40.0)),
        (-10.0, 20.0, (0.0, 30.0)),
        (90.0, 120.0, (70.0, 100.0)),
        (0.0, 100.0, None),
        (-50.0, 150.0, None),
    ],
)
def test_a_part_lies_within_the_whole(low: float, high: float, expected: Range | None) -> None:
    assert zoom.cut(WHOLE, low, high) == (None if expected is None else pytest.approx(expected))


def test_nothing_is_looked_at_closer_than_makes_sense() -> None:
    part: Range | None = WHOLE
    for _ in range(100):
        assert part is not None
        part = zoom.closer(WHOLE, part, zoom.STEP, 30.0)
    assert part is not None
    assert part[1] - part[0] == pytest.approx(100 * CLOSEST)
    assert part[0] <= 30.0 <= part[1]


def test_what_is_at_a_place_stays_there() -> None:
    part = zoom.closer(WHOLE, WHOLE, 0.5, 20.0)
    assert part == pytest.approx((10.0, 60.0))


def test_it_moves_to_the_ends_and_no_further() -> None:
    assert zoom.moved(WHOLE, (10.0, 30.0), 0.5) == pytest.approx((20.0, 40.0))
    assert zoom.moved(WHOLE, (10.0, 30.0), -5) == pytest.approx((0.0, 20.0))
    assert zoom.moved(WHOLE, (10.0, 30.0), 50) == pytest.approx((80.0, 100.0))


def test_a_place_beyond_is_brought_into_view() -> None:
    assert zoom.revealed(WHOLE, (10.0, 30.0), 20.0) == (10.0, 30.0)
    assert zoom.revealed(WHOLE, (10.0, 30.0), 5.0) == pytest.approx((5.0, 25.0))
    assert zoom.revealed(WHOLE, (10.0, 30.0), 50.0) == pytest.approx((30.0, 50.0))

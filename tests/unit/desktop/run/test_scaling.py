"""From values to the unit square."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runferry.desktop.run.scaling import scaled, thinned

NAN = math.nan
anything = st.floats(allow_nan=True, allow_infinity=True)


@example([(1e-300, 1.0), (2e-300, 1.0), (1e300, NAN)], False)
@example([(0.0, 5e-324), (1.0, 1e-323)], False)
@given(st.lists(st.tuples(anything, anything), min_size=1, max_size=50), st.booleans())
def test_whatever_was_logged_lies_in_the_square(points: list[tuple[float, float]], log: bool) -> None:
    x, y = [one for one, _ in points], [one for _, one in points]
    found = scaled(x, y, y, log)
    drawn = np.isfinite(found.raw)
    for values in (found.x[drawn], found.raw[drawn]):
        assert np.isfinite(values).all()
        assert ((values >= -1e-9) & (values <= 1 + 1e-9)).all()
    assert all(math.isfinite(one) for one in (*found.x_range, *found.y_range))


def test_order_is_kept_and_ranges_are_in_the_units_of_the_axes() -> None:
    found = scaled([10, 20, 30], [1.0, 3.0, 2.0], [1.0, 2.0, 2.0], log=False)
    assert found.x[0] == 0
    assert found.raw[0] < found.raw[2] < found.raw[1]
    assert found.smooth[1] == pytest.approx(found.raw[2])
    low, high = found.y_range
    assert low < 1 < 3 < high


def test_tiny_changes_of_huge_numbers_are_told_apart() -> None:
    found = scaled([0, 1, 2], [1e9, 1e9 + 1e-3, 1e9 + 2e-3], [0, 0, 0], log=False)
    assert np.diff(found.raw) == pytest.approx([0.446, 0.446], abs=0.01)


def test_a_log_scale_has_equal_steps_and_gaps_below_zero() -> None:
    found = scaled([0, 1, 2, 3, 4], [1.0, 10.0, 100.0, 0.0, -5.0], [1.0] * 5, log=True)
    steps = np.diff(found.raw)
    assert steps[0] == pytest.approx(steps[1])
    assert np.isnan(found.raw[3:]).all()
    assert scaled([0, 1], [-1.0, 0.0], [0.0, 0.0], log=True).empty


def test_points_between_gaps_are_known() -> None:
    found = scaled(range(7), [1, NAN, 2, NAN, 3, 4, math.inf], [0.0] * 7, log=False)
    assert found.lone.tolist() == [0, 2]
    assert scaled([5], [1.0], [1.0], log=False).lone.tolist() == [0]


def test_thinning_keeps_peaks_and_gaps() -> None:
    rng = random.Random(1)
    y = np.array([rng.gauss(0, 1) for _ in range(4000)])
    y[1234], y[2345] = 50.0, -50.0
    y[3000:3300] = np.nan
    x = np.linspace(0, 1, 4000)
    thin_x, thin_y = thinned(x, y, 200)
    assert len(thin_x) == len(thin_y) <= 400
    assert np.nanmax(thin_y) == 50
    assert np.nanmin(thin_y) == -50
    assert np.isnan(thin_y).any()
    assert (np.diff(thin_x) >= 0).all()


def test_thinning_leaves_alone_what_is_short_or_runs_back() -> None:
    x, y = np.linspace(0, 1, 50), np.zeros(50)
    assert thinned(x, y, 200)[0] is x
    back = np.concatenate((np.linspace(0, 1, 500), np.linspace(0, 1, 500)))
    assert thinned(back, np.zeros(1000), 10)[0] is back


@given(st.lists(st.floats(-1e3, 1e3) | st.just(NAN), min_size=40, max_size=200), st.integers(1, 12))
def test_thinning_keeps_the_extent(values: list[float], columns: int) -> None:
    y = np.array(values)
    _, thin = thinned(np.linspace(0, 1, len(y)), y, columns)
    if np.isfinite(y).any():
        assert np.nanmin(thin) == np.nanmin(y)
        assert np.nanmax(thin) == np.nanmax(y)
    else:
        assert np.isnan(thin).all()

"""TensorBoard's smoothing, against its formula written out another way: as a weighted mean of all values so far."""

from __future__ import annotations

import math
import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runferry.desktop.run.smoothing import smoothed


def written_out(values: list[float], weight: float) -> list[float]:
    """sum of w^(n-i) (1-w) v_i over the finite values so far, divided by 1 - w^n; gaps stay, constants stay."""
    if all(one == values[0] for one in values):
        return values
    found = []
    for at, value in enumerate(values):
        if not math.isfinite(value):
            found.append(value)
            continue
        there = [one for one in values[: at + 1] if math.isfinite(one)]
        n = len(there)
        total = math.fsum(weight ** (n - i) * (1 - weight) * one for i, one in enumerate(there, 1))
        found.append(total / (1 - weight**n))
    return found


def same(found: object, expected: list[float]) -> bool:
    return list(found) == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)  # type: ignore[call-overload]


def test_the_values_of_tensorboards_own_tests() -> None:
    assert same(smoothed([1, 0.5, 0], 0.6), [1, 0.6875, ((0.5 * 0.4 + 0.4 * 0.6) * 0.6) / (1 - 0.6**3)])
    assert same(smoothed([0, 0.5, 1], 0.6), [0, 0.3125, (0.4 + 0.5 * 0.4 * 0.6) / (1 - 0.6**3)])


def test_what_is_not_finite_stays_and_does_not_count() -> None:
    found = smoothed([-math.inf, 1, math.nan, math.inf, 0.5], 0.6)
    assert same(found, [-math.inf, 1, math.nan, math.inf, 0.6875])


def test_a_constant_gets_no_rounding_noise() -> None:
    assert list(smoothed([0.3] * 50, 0.1)) == [0.3] * 50


@pytest.mark.parametrize("weight", [0, -1, math.nan, math.inf, -math.inf])
def test_no_smoothing_leaves_the_values(weight: float) -> None:
    assert list(smoothed([1, 0.5, 7], weight)) == [1, 0.5, 7]


@pytest.mark.parametrize("weight", [1, 2])
def test_full_smoothing_is_zero_as_tensorboard_has_it(weight: float) -> None:
    assert list(smoothed([1, 0.5, 7], weight)) == [0, 0, 0]


def test_an_empty_series_and_arrays() -> None:
    assert list(smoothed([], 0.9)) == []
    assert same(smoothed(array("d", [1, 2, 3]), 0.5), written_out([1, 2, 3], 0.5))


@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf]), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
)
def test_the_formula(values: list[float], weight: float) -> None:
    assert same(smoothed(values, weight), written_out(values, weight))


@pytest.mark.parametrize("weight", [0.5, 0.99])
def test_the_formula_where_the_bias_is_gone(weight: float) -> None:
    rng = random.Random(4)
    values = [rng.gauss(3, 1) for _ in range(5000)]
    found = smoothed(values, weight)
    for n in (1, 59, 60, 61, 62, 4137, 4138, 4139, 5000):
        total = math.fsum(weight ** (n - i) * (1 - weight) * one for i, one in enumerate(values[:n], 1))
        assert found[n - 1] == pytest.approx(total / (1 - weight**n), rel=1e-9)

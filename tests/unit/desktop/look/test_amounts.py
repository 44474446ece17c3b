"""Times, sizes and counts as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from runferry.desktop.look import amounts

FACTORS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.5, "1.0 kB"),
        (648_000, "648 kB"),
        (1.2e9, "1.2 GB"),
        (9.96e6, "10 MB"),
        (5e15, "5000 TB"),
    ],
)
def test_size(number: float, text: str) -> None:
    assert amounts.size(number) == text


@given(some.floats(0, 9e14))
def test_a_size_is_short_and_near(number: float) -> None:
    value, unit = amounts.size(number).split()
    assert len(value) <= 3
    assert float(value) * FACTORS[unit] == pytest.approx(number, rel=0.051, abs=0.5)


def test_count_and_rate() -> None:
    assert amounts.count(12400) == "12,400"
    assert amounts.rate(310_000) == "310 kB/s"


@pytest.mark.parametrize(
    ("past", "text"),
    [
        (-3, "now"),
        (4.9, "now"),
        (5, "5 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (2 * 86400, "2 d"),
        (8 * 86400, "1 w"),
        (6.5 * 31536000, "6 y"),
    ],
)
def test_ago(past: float, text: str) -> None:
    assert amounts.ago(2e9 - past, 2e9) == text


def test_nothing_known_is_empty() -> None:
    assert amounts.ago(None, 2e9) == ""
    assert amounts.exact(None) == ""


@given(some.floats(5, 1e9))
def test_ago_never_says_more_than_passed(past: float) -> None:
    value, unit = amounts.ago(2e9 - past, 2e9).split()
    assert int(value) * SECONDS[unit] <= past + 0.001 < (int(value) + 1) * SECONDS[unit] + 0.002


def test_times_are_of_this_place() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", amounts.exact(2e9))
    assert amounts.exact(2e9).endswith(amounts.clock(2e9))


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0:00"), (0, "0:00"), (41.2, "0:42"), (59.5, "1:00"), (3725, "1:02:05")]
)
def test_countdown(seconds: float, text: str) -> None:
    assert amounts.countdown(seconds) == text


@given(some.floats(0, 1e6))
def test_a_countdown_is_never_too_early(seconds: float) -> None:
    parts = [int(part) for part in amounts.countdown(seconds).split(":")]
    told = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    assert seconds <= told < seconds + 1.001


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.004, "4 ms"),
        (0.02, "0.02 s"),
        (9.996, "10.0 s"),
        (12.4, "12.4 s"),
        (180, "3 min"),
        (7199, "120 min"),
        (18000, "5 h"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert amounts.duration(seconds) == text

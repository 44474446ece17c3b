"""Numbers in words, and where the marks of an axis stand."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runferry.desktop.run.figures import XAxis, log_marks, span_text, value_marks, value_text, x_marks, x_text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "", "0"),
        (0.0432099, "", "0.04321"),
        (12350.0, "", "12,350"),
        (1.2e-7, "", "1.2e-7"),
        (-3.14159, "", "-3.142"),
        (1e8, "", "1e8"),
        (9.99996, "", "10"),
        (math.nan, "%", "NaN"),
        (-math.inf, "", "-∞"),
        (41.5, "%", "41.5%"),
        (8.3e9, "B", "8.3 GB"),
        (-2000.0, "B", "-2.0 kB"),
        (55.0, "W", "55 W"),
    ],
)
def test_values(value: float, unit: str, text: str) -> None:
    assert value_text(value, unit) == text


def test_spans_and_places() -> None:
    assert [span_text(one) for one in (0, 12, 320, 3600, 97200, -90)] == [
        "0 s",
        "12 s",
        "5 min 20 s",
        "1 h",
        "1 d 3 h",
        "-1 min 30 s",
    ]
    assert x_text(12400, XAxis.STEP) == "step 12,400"
    assert x_text(320, XAxis.RELATIVE) == "5 min 20 s"
    assert x_text(1.79e9, XAxis.WALL).startswith("2026-09-")


def test_marks_are_round() -> None:
    assert value_marks(-0.2, 2.1, 5) == [(0.0, "0.0"), (0.5, "0.5"), (1.0, "1.0"), (1.5, "1.5"), (2.0, "2.0")]
    assert [text for _, text in value_marks(0, 100, 5, "%")] == ["0%", "50%", "100%"]
    assert [text for _, text in x_marks(0, 4000, 4, XAxis.STEP)] == ["0", "2,000", "4,000"]
    assert [text for _, text in x_marks(0, 90000, 5, XAxis.STEP)] == ["0", "20k", "40k", "60k", "80k"]
    assert [text for _, text in x_marks(0, 7200, 5, XAxis.RELATIVE)] == ["0", "30 min", "1 h", "1 h 30 min", "2 h"]


def test_steps_have_no_fractions() -> None:
    assert [place for place, _ in x_marks(0, 2, 8, XAxis.STEP)] == [0, 1, 2]


def test_a_log_scale_is_marked_at_powers_of_ten() -> None:
    assert log_marks(-6.1, -2.9, 5) == [(-6.0, "1e-6"), (-5.0, "1e-5"), (-4.0, "1e-4"), (-3.0, "1e-3")]
    assert [text for _, text in log_marks(-1.2, 2.2, 5)] == ["0.1", "1", "10", "100"]
    within = log_marks(math.log10(2), math.log10(6), 5)  # less than two decades: round values between
    assert [text for _, text in within] == ["2", "3", "4", "5", "6"]


def test_the_clock_is_marked_at_its_round_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")  # half an hour beside the hours of UTC
    time.tzset()
    try:
        assert [text for _, text in x_marks(1.79e9, 1.79e9 + 4 * 3600, 5, XAxis.WALL)] == [
            "20:00",
            "21:00",
            "22:00",
            "23:00",
        ]
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12), st.integers(1, 8))
def test_marks_are_few_and_within(low: float, span: float, most: int) -> None:
    marks = value_marks(low, low + span, most)
    slack = 1e-6 * max(span, abs(low) * 1e-6)
    assert 0 <= len(marks) <= most
    assert all(low - slack <= place <= low + span + slack for place, _ in marks)
    assert [place for place, _ in marks] == sorted(place for place, _ in marks)


@given(st.sampled_from([XAxis.RELATIVE, XAxis.WALL]), st.floats(0, 2e9), st.floats(0.1, 1e8), st.integers(2, 8))
def test_marks_of_time_are_few_and_within(axis: XAxis, low: float, span: float, most: int) -> None:
    marks = x_marks(low, low + span, most, axis)
    assert len(marks) <= most
    assert all(low <= place <= low + span for place, _ in marks)

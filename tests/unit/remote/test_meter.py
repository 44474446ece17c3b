"""Figures of a session: latency without the body's time, and the rate over the last seconds."""

from __future__ import annotations

import io

import pytest

from runferry.remote.bandwidth import Bandwidth, Limited
from runferry.remote.meter import Meter


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_an_average_that_fades() -> None:
    clock = Clock()
    meter = Meter(clock)
    assert meter.bytes_per_second == 0.0
    for _ in range(50):
        meter.sent(1000)
        clock.now += 0.1
    assert meter.bytes_per_second == pytest.approx(10_000, rel=0.06)
    clock.now += 6
    assert meter.bytes_per_second == 0.0


def test_latency_is_what_the_answer_took_and_not_the_body() -> None:
    clock = Clock()
    meter = Meter(clock)
    body = Limited(io.BytesIO(b"x" * 10), 10, Bandwidth(), meter)
    began = clock.now
    clock.now += 3
    assert body.read() == b"x" * 10
    clock.now += 0.5
    meter.took("file stream", began, body.read_at, True)
    assert meter.latency == 0.5
    assert meter.seconds == 3.5
    meter.took("file stream", clock.now - 9, None, False)
    assert meter.latency == 0.5, "nobody answered"
    assert meter.seconds == 9
    assert meter.bytes_per_second == 2.0

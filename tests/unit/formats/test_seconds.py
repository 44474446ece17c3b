"""Times of system metrics: the last digit as the official client rounds it."""

from __future__ import annotations

import pytest

from runferry.formats.records import _seconds


@pytest.mark.parametrize(
    ("nanoseconds", "seconds"),
    [
        (1_639_032_977, 1.6390329769999998),  # what `wandb sync` 0.31.0 sent for these
        (2_439_221_160, 2.4392211599999998),
        (2_738_693_620, 2.7386936200000003),
        (1_795_407_518_720_449_890, 1795407518.72045),
        (0, 0.0),
        (-500_000_000, -0.5),
    ],
)
def test_seconds_are_rounded_as_by_the_official_client(nanoseconds: int, seconds: float) -> None:
    assert repr(_seconds(nanoseconds)) == repr(seconds)

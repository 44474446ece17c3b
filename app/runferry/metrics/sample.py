"""What a measurement gives: values by W&B's names, and why others are missing. Frozen: any thread may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Values = Mapping[str, float]

RATE = "rate."  # names that begin so are for people's eyes only and are not sent: servers get the counters


@dataclass(frozen=True)
class HostSample:
    """Values at one moment. `time`: seconds since the epoch, 0.0 before the first measurement.

    `values`: W&B's names without ``system.``, in W&B's units. `reasons`: what cannot be measured here, and why.
    """

    time: float = 0.0
    values: Values = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """One measurement of the host and of every run. `runs`: by the run's key; None when its processes are gone.

    `is_fresh`: the machine slept or the clock of measuring jumped before it, so that it starts anew; rates and
    processor use are missing from it.
    """

    host: HostSample
    runs: Mapping[str, HostSample | None]
    is_fresh: bool = False


def is_counter(name: str) -> bool:
    """Whether a value only grows (bytes sent since the start): its last value counts, not its mean."""
    return name.startswith("network.") or (name.startswith("disk.") and name.endswith((".in", ".out")))

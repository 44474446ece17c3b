"""What all kinds of graphics cards have in common: a reading, and the part of it that a run uses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol

log = logging.getLogger(__name__)

PER_PROCESS = (
    "gpu",
    "memory",
    "memoryAllocated",
    "memoryAllocatedBytes",
    "temp",
    "powerWatts",
    "powerPercent",
    "enforcedPowerLimitWatts",
)
"""The values that W&B repeats under ``gpu.process`` for the cards that a run uses."""
_MAKERS = ("gpu.nvidia", "gpu.amd", "gpu.apple")


@dataclass(frozen=True)
class GpuReading:
    """`values`: by name, ``gpu.0.temp`` and so on. `users`: process ids by card number, as far as that is told."""

    values: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[int, frozenset[int]] = field(default_factory=dict)


class Cards(Protocol):
    """A maker's cards."""

    def measure(self, now: float) -> GpuReading:
        """Values of all cards. now: monotonic seconds."""

    def close(self) -> None:
        """Give back what was opened."""


class Gpus:
    """The cards of all makers together. AMD's are numbered behind NVIDIA's where a machine has both."""

    def __init__(self, makers: Iterable[Cards]) -> None:
        self._makers = tuple(makers)

    def measure(self, now: float) -> GpuReading:
        """See Cards."""
        values: dict[str, float] = {}
        reasons: dict[str, str] = {}
        users: dict[int, frozenset[int]] = {}
        first = 0
        for maker in self._makers:
            one = _measured(maker, now)
            reasons.update(one.reasons)
            values.update({_moved(name, first): value for name, value in one.values.items()})
            users.update({index + first: pids for index, pids in one.users.items()})
            first = max((int(name.split(".")[1]) + 1 for name in values), default=first)
        if values:  # a maker whose cards are not in this machine is no gap
            reasons = {name: why for name, why in reasons.items() if name not in _MAKERS}
        return GpuReading(values, reasons, users)

    def close(self) -> None:
        """See Cards."""
        for maker in self._makers:
            maker.close()


def _measured(maker: Cards, now: float) -> GpuReading:
    """A library that does what nobody foresaw must not cost the other values."""
    try:
        return maker.measure(now)
    except Exception as error:
        name = f"gpu.{type(maker).__name__.lower()}"
        log.exception("%s cannot be measured", name)
        return GpuReading(reasons={name: f"its library failed: {error!r}"})


def _moved(name: str, first: int) -> str:
    if not first:
        return name
    _, index, rest = name.split(".", 2)
    return f"gpu.{int(index) + first}.{rest}"


def used_by(
    reading: GpuReading, pids: Set[int], exists: Callable[[int], bool]
) -> tuple[dict[str, float], dict[str, str]]:
    """The values of the cards that these processes use, named ``gpu.process.N…``, and why that cannot be told.

    exists: whether this system knows a process id; a driver outside our container tells others.
    """
    values: dict[str, float] = {}
    foreign = False
    for index, users in reading.users.items():
        if users & pids:
            for name in PER_PROCESS:
                if f"gpu.{index}.{name}" in reading.values:
                    values[f"gpu.process.{index}.{name}"] = reading.values[f"gpu.{index}.{name}"]
        elif users and not any(exists(pid) for pid in users):
            foreign = True
    if foreign and not values:
        why = "the driver names processes as the host knows them, and this is a container with numbers of its own"
        return values, {"gpu.process": why}
    return values, {}

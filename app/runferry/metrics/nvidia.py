"""NVIDIA's cards through NVML (the optional package nvidia-ml-py): use, memory, temperature, power, clocks, processes.

A card that falls off the bus or a driver that is replaced makes its values vanish, with the reason; both are tried
again every minute.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from runferry.metrics.gpu import GpuReading

RETRY = 60.0  # seconds after which a driver or a card that failed is tried again
DRIVER = "libnvidia-ml.so.1"  # comes with NVIDIA's driver
PROCESSES_EVERY = 10.0  # seconds between two looks at who uses which card


def load() -> ModuleType:
    """The library's Python face. ImportError where it is not installed, OSError where there is no driver."""
    if sys.platform == "linux":
        ctypes.CDLL(DRIVER)  # asked first: the package takes a megabyte, and most computers have no such card
    return importlib.import_module("pynvml")


class Nvidia:
    """All cards of this machine. One thread; nothing is opened before the first `measure`."""

    def __init__(self, load: Callable[[], Any] = load) -> None:
        self._load = load
        self._library: Any = None
        self._cards: dict[int, Any] = {}
        self._lost: dict[int, str] = {}
        self._unsupported: set[tuple[int, str]] = set()
        self._users: dict[int, frozenset[int]] = {}
        self._users_at = -PROCESSES_EVERY
        self._tried_at: float | None = None
        self._reason = ""
        self._reasons: dict[str, str] = {}

    def measure(self, now: float) -> GpuReading:
        """Values of all cards. now: monotonic seconds."""
        is_due = self._tried_at is None or now - self._tried_at >= RETRY
        if is_due and (self._library is None or self._lost):
            self._tried_at = now
            self._open()
        if self._library is None:
            return GpuReading(reasons={"gpu.nvidia": self._reason})
        values: dict[str, float] = {}
        for index in list(self._cards):
            values.update(self._measure(index))
        if now - self._users_at >= PROCESSES_EVERY:
            self._users_at = now
            self._users = {index: self._processes(index) for index in self._cards}
        lost = {f"gpu.{index}": why for index, why in self._lost.items()}
        return GpuReading(values, {**self._reasons, **lost}, dict(self._users))

    def close(self) -> None:
        """Give the driver back."""
        library, self._library = self._library, None
        self._cards, self._lost, self._tried_at = {}, {}, None
        if library is not None:
            try:
                library.nvmlShutdown()
            except library.NVMLError:
                pass  # the driver is gone: nothing is left to give back

    def _open(self) -> None:
        self.close_quietly()
        try:
            library = self._load()
        except ImportError:
            self._reason = "nvidia-ml-py is not installed (pip install nvidia-ml-py)"
            return
        except OSError:
            self._reason = f"there is no driver of NVIDIA's here ({DRIVER} cannot be loaded)"
            return
        try:
            library.nvmlInit()
            count = library.nvmlDeviceGetCount()
            self._library = library
        except library.NVMLError as error:
            self._reason = f"NVIDIA's driver does not answer: {error}"
            return
        for index in range(count):
            try:
                self._cards[index] = library.nvmlDeviceGetHandleByIndex(index)
            except library.NVMLError as error:
                self._lost[index] = str(error)

    def close_quietly(self) -> None:
        """Close, and remember when it was tried."""
        tried = self._tried_at
        self.close()
        self._tried_at = tried

    def _measure(self, index: int) -> dict[str, float]:
        values: dict[str, float] = {}
        card, get = self._cards[index], self._library
        questions: tuple[tuple[str, Callable[[], dict[str, float]]], ...] = (
            ("gpu", lambda: _use(get.nvmlDeviceGetUtilizationRates(card))),
            ("memoryAllocated", lambda: _memory(get.nvmlDeviceGetMemoryInfo(card))),
            ("temp", lambda: {"temp": float(get.nvmlDeviceGetTemperature(card, get.NVML_TEMPERATURE_GPU))}),
            ("powerWatts", lambda: {"powerWatts": get.nvmlDeviceGetPowerUsage(card) / 1000.0}),
            ("enforcedPowerLimitWatts",
             lambda: {"enforcedPowerLimitWatts": get.nvmlDeviceGetEnforcedPowerLimit(card) / 1000.0}),
            ("smClock", lambda: {"smClock": float(get.nvmlDeviceGetClockInfo(card, get.NVML_CLOCK_SM))}),
            ("memoryClock", lambda: {"memoryClock": float(get.nvmlDeviceGetClockInfo(card, get.NVML_CLOCK_MEM))}),
            ("graphicsClock",
             lambda: {"graphicsClock": float(get.nvmlDeviceGetClockInfo(card, get.NVML_CLOCK_GRAPHICS))}),
        )  # fmt: skip
        for name, ask in questions:
            if (index, name) in self._unsupported:
                continue
            try:
                values.update(ask())
            except get.NVMLError as error:
                if self._failed(index, name, error):
                    return {}
        if values.get("enforcedPowerLimitWatts") and "powerWatts" in values:
            values["powerPercent"] = 100.0 * values["powerWatts"] / values["enforcedPowerLimitWatts"]
        return {f"gpu.{index}.{name}": value for name, value in values.items()}

    def _failed(self, index: int, name: str, error: Exception) -> bool:
        """Note why; whether the whole card is gone."""
        library = self._library
        if isinstance(error, (library.NVMLError_NotSupported, library.NVMLError_FunctionNotFound)):
            self._unsupported.add((index, name))
            self._reasons[f"gpu.{index}.{name}"] = f"this card or driver does not tell: {error}"
            return False
        if isinstance(error, library.NVMLError_NoPermission):
            self._reasons[f"gpu.{index}.{name}"] = str(error)
            return False
        self._lost[index] = f"the card does not answer: {error}"
        self._cards.pop(index, None)
        self._users.pop(index, None)
        return True

    def _processes(self, index: int) -> frozenset[int]:
        """Process ids on a card."""
        library, card = self._library, self._cards[index]
        mismatch = getattr(library, "NVMLLibraryMismatchError", library.NVMLError)  # a driver older than the package
        try:
            return frozenset(one.pid for one in library.nvmlDeviceGetComputeRunningProcesses(card))
        except (library.NVMLError, mismatch) as error:
            self._reasons["gpu.process"] = f"which processes use a card is not told: {error}"
            return frozenset()


def _use(rates: Any) -> dict[str, float]:
    return {"gpu": float(rates.gpu), "memory": float(rates.memory)}


def _memory(info: Any) -> dict[str, float]:
    share = {"memoryAllocated": 100.0 * info.used / info.total} if info.total else {}
    return {"memoryAllocatedBytes": float(info.used), **share}

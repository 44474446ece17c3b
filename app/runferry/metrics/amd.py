"""AMD's cards by the files that their driver keeps in sysfs; no library has to be there, no root rights are needed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from runferry.metrics.gpu import GpuReading

AMD = "0x1002"  # PCI vendor
LOOK_AGAIN = 60.0  # seconds between two looks for cards


class Amd:
    """All cards below `root` (``/sys`` but in tests)."""

    def __init__(self, root: Path = Path("/sys")) -> None:
        self._drm = root / "class" / "drm"
        self._cards: list[Path] = []
        self._looked_at: float | None = None

    def measure(self, now: float) -> GpuReading:
        """See `gpu.Cards`."""
        if self._looked_at is None or now - self._looked_at >= LOOK_AGAIN:
            self._looked_at = now
            self._cards = self._find()
        if not self._cards:
            why = "no AMD card in /sys/class/drm" if sys.platform.startswith("linux") else "only read on Linux"
            return GpuReading(reasons={"gpu.amd": why})
        values: dict[str, float] = {}
        reasons = {"gpu.process": "which processes use an AMD card is not read"}
        for index, card in enumerate(self._cards):
            found = _measure(card)
            values.update({f"gpu.{index}.{name}": value for name, value in found.items()})
            if not found:
                reasons[f"gpu.{index}"] = "the card does not answer"
        return GpuReading(values, reasons)

    def close(self) -> None:
        """Nothing is open."""

    def _find(self) -> list[Path]:
        try:
            cards = [one for one in self._drm.glob("card*") if one.name[4:].isdigit()]
        except OSError:
            return []
        return sorted(
            (one / "device" for one in cards if _text(one / "device" / "vendor") == AMD),
            key=lambda one: int(one.parent.name[4:]),
        )


def _measure(card: Path) -> dict[str, float]:
    sensors = next(iter(sorted((card / "hwmon").glob("hwmon*"))), card)
    watts = _number(sensors / "power1_average")
    raw: dict[str, float | None] = {
        "gpu": _number(card / "gpu_busy_percent"),
        "memoryReadWriteActivity": _number(card / "mem_busy_percent"),
        "temp": _scaled(_number(sensors / "temp1_input"), 1e-3),  # thousandths of a degree
        "powerWatts": _scaled(_number(sensors / "power1_input") if watts is None else watts, 1e-6),  # microwatts
    }
    values = {name: value for name, value in raw.items() if value is not None}
    used, total = _number(card / "mem_info_vram_used"), _number(card / "mem_info_vram_total")
    if used is not None:
        values["memoryAllocatedBytes"] = used
        if total:
            values["memoryAllocated"] = 100.0 * used / total
    return {**values, **_power_share(values, sensors)}


def _power_share(values: Mapping[str, float], sensors: Path) -> dict[str, float]:
    limit = _scaled(_number(sensors / "power1_cap"), 1e-6)
    return {"powerPercent": 100.0 * values["powerWatts"] / limit} if limit and "powerWatts" in values else {}


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _number(path: Path) -> float | None:
    try:
        return float(_text(path))
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""

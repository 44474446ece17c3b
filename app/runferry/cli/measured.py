"""What was measured of this host, in lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runferry.cli.progress import shortened
from runferry.counted import count_of

_KIB = 1024.0


def measured_lines(measured: Mapping[str, Any] | None, names: Mapping[str, str]) -> list[str]:
    """The host, its graphics cards, each run's part, and why values are missing; none where nothing is measured.

    names: of the runs, by their folders.
    """
    if not measured:
        return []
    values: Mapping[str, float] = measured["values"]
    lines = [f"This computer: {', '.join(_host(values))}."]
    lines += [f"  {line}" for line in _cards(values)]
    lines += [f"  not measured: {name} ({why})" for name, why in sorted(measured["reasons"].items())]
    for path, run in measured["runs"].items():
        lines.append(f"  {shortened(names.get(path, '')) or Path(path).name}: {', '.join(_run(run))}")
        lines += [f"    not measured: {name} ({why})" for name, why in sorted(measured["run_reasons"][path].items())]
    return lines


def _host(values: Mapping[str, float]) -> list[str]:
    said = []
    if "host.cpu" in values:
        said.append(f"processors {values['host.cpu']:.0f} %")
    if "memory_percent" in values:
        said.append(f"memory {values['memory_percent']:.0f} %")
    if values.get("swap.used"):
        said.append(f"swap {values['swap.used_percent']:.0f} %")
    if "host.load.1" in values:
        said.append(f"load {values['host.load.1']:.1f}")
    for name in sorted(values):
        if name.endswith(".usagePercent"):
            said.append(f"disk {name[len('disk.') : -len('.usagePercent')]} {values[name]:.0f} %")
    if "rate.network.recv" in values:
        said.append(f"network in {_rate(values['rate.network.recv'])}, out {_rate(values['rate.network.sent'])}")
    return said or ["nothing yet"]


def _cards(values: Mapping[str, float]) -> list[str]:
    numbers = sorted({int(name.split(".")[1]) for name in values if name.startswith("gpu.") and name[4:5].isdigit()})
    lines = []
    for number in numbers:
        told = {name: values.get(f"gpu.{number}.{name}") for name in ("gpu", "memoryAllocated", "temp", "powerWatts")}
        units = {"gpu": "use {:.0f} %", "memoryAllocated": "memory {:.0f} %", "temp": "{:.0f} °C"}
        units["powerWatts"] = "{:.0f} W"
        said = [units[name].format(value) for name, value in told.items() if value is not None]
        lines.append(f"GPU {number}: {', '.join(said)}")
    return lines


def _run(values: Mapping[str, float]) -> list[str]:
    said = []
    if "cpu" in values:
        said.append(f"{values['cpu']:.0f} % of all processors")
    processes = count_of(values.get("proc.processes", 0), "process", "es")
    said.append(f"{values.get('proc.memory.rssMB', 0.0):.0f} MiB in {processes}")
    if "proc.openFiles" in values:
        said.append(count_of(values["proc.openFiles"], "open file"))
    cards = sorted({name.split(".")[2] for name in values if name.startswith("gpu.process.")})
    if cards:
        said.append(f"GPU {', '.join(cards)}")
    return said


def _rate(value: float) -> str:
    """Bytes per second."""
    for unit in ("B/s", "KiB/s", "MiB/s"):
        if value < _KIB:
            return f"{value:.0f} {unit}"
        value /= _KIB
    return f"{value:.1f} GiB/s"

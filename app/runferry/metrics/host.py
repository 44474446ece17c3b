"""The host: processors, memory, swap, disks, network, load. psutil does the reading; no process is ever started."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

log = logging.getLogger(__name__)

MIB = 1024.0 * 1024.0
GIB = 1024.0 * MIB
_SNMP = Path("/proc/net/snmp")
_IDLE = ("idle", "iowait")


class HostMeter:
    """Reads the whole machine. One thread; `measure` takes about a millisecond."""

    def __init__(self, disks: Iterable[str] = ("/",)) -> None:
        self._disks = tuple(disks) or ("/",)
        self._devices: dict[str, str] | None = None  # device by disk
        self._cores: list[tuple[float, float]] = []  # busy and all seconds of each processor
        self._counters: dict[str, float] = {}
        self.reasons: dict[str, str] = {}
        self.memory_total = 0.0  # bytes

    def measure(self, elapsed: float | None) -> dict[str, float]:
        """Values by name. elapsed: seconds since the last call, None where then and now must not be compared."""
        values: dict[str, float] = {}
        for name, look in (
            ("cpu", lambda: self._processors(values, elapsed)),
            ("memory_percent", lambda: self._memory(values)),
            ("swap", lambda: self._swap(values)),
            ("load", lambda: self._load(values)),
            ("disk", lambda: self._usage(values)),
            ("disk.io", lambda: self._disk_traffic(values)),
            ("network", lambda: self._network(values)),
        ):
            self._try(name, look)
        self._rates(values, elapsed)
        return values

    def _try(self, name: str, look: Callable[[], None]) -> None:
        try:
            look()
        except (psutil.Error, OSError, RuntimeError, ValueError, AttributeError, NotImplementedError) as error:
            if name not in self.reasons:
                log.info("%s cannot be measured: %s", name, error)
            self.reasons[name] = f"the system does not tell: {error}"
        else:
            self.reasons.pop(name, None)

    def _processors(self, values: dict[str, float], elapsed: float | None) -> None:
        now = [(sum(one) - sum(getattr(one, each, 0.0) for each in _IDLE) - _guests(one), sum(one) - _guests(one))
               for one in psutil.cpu_times(percpu=True)]  # fmt: skip
        before, self._cores = self._cores, now
        if elapsed is None or len(before) != len(now):
            return
        shares = [_share(*old, *new) for old, new in zip(before, now, strict=True)]
        for number, share in enumerate(shares):
            if share is not None:
                values[f"cpu.{number}.cpu_percent"] = share
        known = [share for share in shares if share is not None]
        if known:
            values["host.cpu"] = sum(known) / len(known)

    def _memory(self, values: dict[str, float]) -> None:
        found = psutil.virtual_memory()
        self.memory_total = float(found.total)
        values["memory_percent"] = 100.0 * (found.total - found.available) / found.total
        values["proc.memory.availableMB"] = found.available / MIB

    def _swap(self, values: dict[str, float]) -> None:
        found = psutil.swap_memory()
        if found.total:
            values["swap.used"] = float(found.used)
            values["swap.used_percent"] = 100.0 * found.used / found.total

    def _load(self, values: dict[str, float]) -> None:
        for minutes, load in zip((1, 5, 15), psutil.getloadavg(), strict=True):
            values[f"host.load.{minutes}"] = load

    def _usage(self, values: dict[str, float]) -> None:
        for path in self._disks:
            found = psutil.disk_usage(path)
            values[f"disk.{path}.usagePercent"] = 100.0 * found.used / (found.used + found.free or 1)
            values[f"disk.{path}.usageGB"] = found.used / GIB

    def _disk_traffic(self, values: dict[str, float]) -> None:
        if self._devices is None:
            self._devices = _devices_of(self._disks)
        counters = psutil.disk_io_counters(perdisk=True) or {}
        for device in self._devices.values():
            if device in counters:
                values[f"disk.{device}.in"] = counters[device].read_bytes / MIB
                values[f"disk.{device}.out"] = counters[device].write_bytes / MIB
        if not any(device in counters for device in self._devices.values()):
            raise RuntimeError("the disk's device is not known (a container, or a network drive)")

    def _network(self, values: dict[str, float]) -> None:
        sent = received = 0
        for name, one in psutil.net_io_counters(pernic=True).items():
            if name not in ("lo", "lo0"):
                sent, received = sent + one.bytes_sent, received + one.bytes_recv
        values["network.sent"], values["network.recv"] = float(sent), float(received)
        if sys.platform.startswith("linux"):
            values["network.tcpRetransmits"] = _retransmits(_SNMP.read_text(encoding="ascii"))

    def _rates(self, values: dict[str, float], elapsed: float | None) -> None:
        """How fast the counters grow, per second; a counter that went back (a device was plugged anew) gives none."""
        names = [one for one in values if one.startswith("network.") or one.endswith((".in", ".out"))]
        before, self._counters = self._counters, {name: values[name] for name in names}
        if elapsed:
            for name in names:
                if name in before and values[name] >= before[name]:
                    values[f"rate.{name}"] = (values[name] - before[name]) / elapsed


def _guests(times: object) -> float:
    """Linux counts guests' time twice, in `user` too."""
    return float(getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0))


def _share(busy: float, total: float, busy_now: float, total_now: float) -> float | None:
    """Percent of the time in which a processor worked; None where the counters did not move on."""
    passed = total_now - total
    return min(max(100.0 * (busy_now - busy) / passed, 0.0), 100.0) if passed > 0 else None


def _devices_of(disks: Iterable[str]) -> dict[str, str]:
    """The name of the device that holds each path, as the system's counters call it."""
    mounts = sorted(psutil.disk_partitions(all=False), key=lambda one: len(one.mountpoint))
    found: dict[str, str] = {}
    for disk in disks:
        for one in mounts:  # the longest that fits comes last
            inside = disk == one.mountpoint or disk.startswith(one.mountpoint.rstrip("/\\") + "/")
            if inside and one.device:
                found[disk] = _device_name(one.device)
    return found


def _device_name(device: str) -> str:
    """``/dev/sda1`` → ``sda1``; a mapped name is followed to its device, ``/dev/mapper/root`` → ``dm-0``."""
    path = Path(device)
    try:
        return path.resolve().name or device
    except OSError:
        return path.name or device


def _retransmits(text: str) -> float:
    """TCP segments sent again, out of ``/proc/net/snmp``."""
    names, values = (line.split() for line in text.splitlines() if line.startswith("Tcp:"))
    return float(values[names.index("RetransSegs")])

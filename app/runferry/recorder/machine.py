"""Which machine and process this is: what lets others tell whether the run is still alive, and the host's hardware.

Read from the system's own files and calls; never from a program that would have to be started, and never imported
modules that open sockets. Everything is optional: what a system does not tell is None.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def _read(path: str, limit: int = 65536) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(limit)
    except OSError:
        return ""


def host_name() -> str:
    """The machine's name, without asking the network."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    return os.environ.get("COMPUTERNAME", "")


def process_started() -> float | None:
    """When this process began, in seconds since the epoch as psutil counts it; None where it is not known."""
    stat = _read("/proc/self/stat")
    try:
        ticks = int(stat.rpartition(")")[2].split()[19])
        boot = next(line for line in _read("/proc/stat", 1 << 20).splitlines() if line.startswith("btime "))
        return float(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
    except (ValueError, IndexError, StopIteration, OSError, AttributeError):
        return None


def process_start_ticks() -> int | None:
    """The same in clock ticks since boot, which does not move when the clock is set; None where it is not known."""
    try:
        return int(_read("/proc/self/stat").rpartition(")")[2].split()[19])
    except (ValueError, IndexError):
        return None


def identity() -> dict[str, Any]:
    """What tells one process of one machine from all others; None where unknown."""
    try:
        namespace: str | None = os.readlink("/proc/self/ns/pid")
    except (OSError, AttributeError):
        namespace = None
    return {
        "pid": os.getpid(),
        "process_started_at": process_started(),
        "process_start_ticks": process_start_ticks(),
        "boot_id": _read("/proc/sys/kernel/random/boot_id").strip() or None,
        "machine_id": _read("/etc/machine-id").strip() or None,
        "pid_namespace": namespace,
        "host": host_name() or None,
    }


def system_text() -> str:
    """The operating system as W&B writes it, like ``Linux-6.1.0-x86_64-with-glibc2.36``."""
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        return f"Windows-{version.major}-{version.major}.{version.minor}.{version.build}"
    about = os.uname()
    text = f"{'macOS' if about.sysname == 'Darwin' else about.sysname}-{about.release}-{about.machine}"
    try:
        library = (os.confstr("CS_GNU_LIBC_VERSION") or "").replace(" ", "")
    except (ValueError, OSError):
        library = ""
    return f"{text}-with-{library}" if library else text


def platform_tag() -> str:
    """System and processor in short, like ``linux-x86_64``."""
    processor = (
        os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "unknown").lower()
    )
    return f"{sys.platform}-{processor}"


def user_name() -> str:
    """Who runs this, or empty."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, AttributeError):
        return ""


def hardware() -> dict[str, Any]:
    """Environment fields about processors, memory, disk and graphics, as far as the system tells."""
    logical = os.cpu_count() or 0
    model, cores = _processor(logical)
    found: dict[str, Any] = {
        "cpu_count": cores,
        "cpu_count_logical": logical,
        "cpu": {"count": cores, "count_logical": logical, "model": model},
    }
    try:
        found["memory"] = {"total": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")}
    except (ValueError, OSError, AttributeError):
        pass  # not told on Windows
    try:
        disk = os.statvfs("/")
        total = disk.f_blocks * disk.f_frsize
        found["disk"] = {"/": {"total": total, "used": total - disk.f_bfree * disk.f_frsize}}
    except (OSError, AttributeError):
        pass
    cards = _nvidia_cards()
    if cards:
        found.update(gpu_type=cards[0]["name"], gpu_count=len(cards), gpu_nvidia=cards)
    return found


def _processor(logical: int) -> tuple[str, int]:
    """Model and number of physical cores."""
    model = ""
    cores = set()
    package = ""
    for line in _read("/proc/cpuinfo", 1 << 22).splitlines():
        name, _, value = line.partition(":")
        name = name.strip()
        if name == "model name" and not model:
            model = value.strip()
        elif name == "physical id":
            package = value
        elif name == "core id":
            cores.add((package, value))
    return model, len(cores) or logical


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _nvidia_cards() -> list[dict[str, str]]:
    """Names and ids of NVIDIA cards from the driver's files."""
    root = "/proc/driver/nvidia/gpus"
    cards = []
    try:
        for bus in sorted(os.listdir(root)):
            about: dict[str, str] = dict(
                _pair(line) for line in _read(os.path.join(root, bus, "information")).splitlines() if ":" in line
            )
            cards.append({"name": about.get("Model", ""), "uuid": about.get("GPU UUID", ""), "pci_bus_id": bus})
    except OSError:
        return []
    return cards

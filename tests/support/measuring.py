"""Stand-ins for clocks, processes and cards, for tests of measuring."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from runferry.metrics.processes import ProcessReading

FAKE_NVML = Path(__file__).resolve().parent / "fake_nvml.c"


class FakeClocks:
    """Clocks that a test moves."""

    def __init__(self, time: float = 1000.0) -> None:
        self.wall, self.awake, self.passed = time, 50.0, 70.0

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.awake

    def running(self) -> float:
        return self.passed

    def go_on(self, seconds: float) -> None:
        """Time passes."""
        self.wall, self.awake, self.passed = self.wall + seconds, self.awake + seconds, self.passed + seconds

    def sleep(self, seconds: float) -> None:
        """The machine is suspended."""
        self.wall, self.passed = self.wall + seconds, self.passed + seconds


class FakeTable:
    """Processes that a test makes up."""

    def __init__(self, processes: Mapping[int, ProcessReading]) -> None:
        self.processes = dict(processes)
        self.reads = 0

    def numbers(self) -> Iterator[int]:
        return iter(list(self.processes))

    def read(self, pid: int) -> ProcessReading | None:
        self.reads += 1
        return self.processes.get(pid)

    def open_files(self, pid: int) -> int | None:
        return 3 if pid in self.processes else None


def build_fake_nvml(folder: Path) -> Path:
    """A library that is loaded as NVIDIA's is; needs gcc. Gives its folder."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler, "a C compiler is needed: apt-get install gcc"
    library = folder / "libnvidia-ml.so.1"
    arguments = ["-shared", "-fPIC", "-O1", "-Wl,-soname,libnvidia-ml.so.1", "-o", str(library), str(FAKE_NVML)]
    subprocess.run([compiler, *arguments], check=True, capture_output=True, timeout=60)
    return folder

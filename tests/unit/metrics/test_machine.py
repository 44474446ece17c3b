"""The host's own values, and a container's limits."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from runferry.metrics.cgroup import Cgroups
from runferry.metrics.host import HostMeter, _devices_of, _retransmits

MIB = 1 << 20


def busy_until_counters_move() -> None:
    """Processor counters go on in hundredths of a second."""
    before = sum(psutil.cpu_times())
    while sum(psutil.cpu_times()) - before < 0.05:
        sum(range(1000))


def test_this_machines_values_are_plausible() -> None:
    meter = HostMeter()
    first = meter.measure(None)
    began = time.monotonic()
    busy_until_counters_move()
    found = meter.measure(time.monotonic() - began)
    assert not [name for name in first if "cpu" in name or name.startswith("rate.")]
    assert 0.0 < found["host.cpu"] <= 100.0
    assert 0.0 < found["memory_percent"] < 100.0
    assert found["proc.memory.availableMB"] * MIB < psutil.virtual_memory().total
    assert 0.0 < found["disk./.usagePercent"] <= 100.0
    assert found["disk./.usageGB"] == pytest.approx(psutil.disk_usage("/").used / 2**30, rel=0.05)
    assert found["network.recv"] >= first["network.recv"]
    assert found["rate.network.recv"] >= 0.0
    assert sum(name.endswith(".cpu_percent") for name in found) == psutil.cpu_count()


def test_what_the_system_does_not_tell_has_a_reason_and_the_rest_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(psutil, "net_io_counters", fail)
    meter = HostMeter(["/nowhere/at/all"])
    found = meter.measure(None)
    assert "network.sent" not in found
    assert "Permission denied" in meter.reasons["network"]
    assert "disk" in meter.reasons
    assert "memory_percent" in found
    monkeypatch.undo()
    assert "network.sent" in meter.measure(None)
    assert "network" not in meter.reasons


def test_a_counter_that_went_back_gives_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = HostMeter()
    meter.measure(None)
    meter._counters = {name: value + 1e15 for name, value in meter._counters.items()}
    assert not [name for name in meter.measure(1.0) if name.startswith("rate.")]


def test_the_device_of_a_path_is_that_of_the_longest_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mount:
        def __init__(self, device: str, mountpoint: str) -> None:
            self.device, self.mountpoint = device, mountpoint

    mounts = [Mount("/dev/zz-root", "/"), Mount("/dev/zz-data1", "/data"), Mount("/dev/zz-other", "/database")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)
    assert _devices_of(["/", "/data/runs"]) == {"/": "zz-root", "/data/runs": "zz-data1"}


def test_retransmits_out_of_the_kernels_table() -> None:
    text = "Ip: A B\nIp: 1 2\nTcp: ActiveOpens RetransSegs InErrs\nTcp: 5 4882 0\n"
    assert _retransmits(text) == 4882.0


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text)


@pytest.fixture
def system(tmp_path: Path) -> Cgroups:
    """A process 7 in /slurm/job/step; the job has limits, the step has none."""
    files, processes = tmp_path / "cgroup", tmp_path / "proc"
    group(files, cgroup_controllers="cpu memory")
    group(files / "slurm", memory_max="max\n", cpu_max="max 100000\n", memory_current=str(900 * MIB))
    group(
        files / "slurm" / "job", memory_max=str(400 * MIB), memory_current=str(300 * MIB), cpu_max="150000 100000\n",
        memory_stat=f"anon 5\ninactive_file {100 * MIB}\n", cpu_stat="usage_usec 1000000\nuser_usec 1\n",
    )  # fmt: skip
    group(files / "slurm" / "job" / "step", memory_max="max", memory_current=str(250 * MIB), cpu_max="max 100000")
    group(processes / "7", cgroup="0::/slurm/job/step\n")
    return Cgroups(files, processes)


def test_the_limits_above_a_process_hold(system: Cgroups, tmp_path: Path) -> None:
    values, reasons = system.measure(7, None)
    assert not reasons
    assert values["cgroup.memory.limitMB"] == 400.0
    assert values["cgroup.memory.usedMB"] == 200.0  # without what the kernel would give back
    assert values["cgroup.memory.usedPercent"] == 50.0
    assert values["cgroup.cpu.limitCores"] == 1.5
    assert "cgroup.cpu.usedPercent" not in values
    (tmp_path / "cgroup" / "slurm" / "job" / "cpu.stat").write_text("usage_usec 4000000\n")
    assert system.measure(7, 2.0)[0]["cgroup.cpu.usedPercent"] == pytest.approx(100.0)


def test_without_limits_or_without_cgroups_there_is_a_reason(tmp_path: Path, system: Cgroups) -> None:
    group(tmp_path / "proc" / "8", cgroup="0::/\n")
    assert system.measure(8, 1.0) == ({}, {"cgroup": "no limit is set"})
    group(tmp_path / "proc" / "9", cgroup="4:memory:/old\n")
    assert "no cgroup v2" in system.measure(9, 1.0)[1]["cgroup"]
    assert "no cgroup v2" in system.measure(12345, 1.0)[1]["cgroup"]


def test_a_group_that_is_removed_while_it_is_read_raises_nothing(system: Cgroups, tmp_path: Path) -> None:
    system.measure(7, None)
    for file in (tmp_path / "cgroup" / "slurm" / "job").glob("*.*"):
        file.unlink()
    assert system.measure(7, 1.0) == ({}, {"cgroup": "no limit is set"})

"""What was measured, in lines for people."""

from __future__ import annotations

from typing import Any

from runferry.cli.measured import measured_lines

MEASURED: dict[str, Any] = {
    "values": {
        "host.cpu": 41.6, "memory_percent": 50.0, "host.load.1": 1.25, "disk./.usagePercent": 29.0,
        "rate.network.recv": 2048.0, "rate.network.sent": 3.0 * 2**20, "gpu.0.gpu": 90.0, "gpu.0.temp": 61.0,
        "gpu.1.powerWatts": 20.0, "swap.used": 5.0, "swap.used_percent": 2.0,
    },
    "reasons": {"gpu.1.temp": "this card does not tell"},
    "runs": {
        "/w/offline-run-1": {"cpu": 12.0, "proc.memory.rssMB": 300.0, "proc.processes": 3.0, "gpu.process.0.gpu": 9},
    },
    "run_reasons": {"/w/offline-run-1": {"cgroup": "no limit is set"}},
}  # fmt: skip


def test_everything_is_said() -> None:
    assert measured_lines(MEASURED, {}) == [
        "This computer: processors 42 %, memory 50 %, swap 2 %, load 1.2, disk / 29 %, "
        "network in 2 KiB/s, out 3 MiB/s.",
        "  GPU 0: use 90 %, 61 °C",
        "  GPU 1: 20 W",
        "  not measured: gpu.1.temp (this card does not tell)",
        "  offline-run-1: 12 % of all processors, 300 MiB in 3 processes, GPU 0",
        "    not measured: cgroup (no limit is set)",
    ]


def test_nothing_is_said_where_nothing_is_measured() -> None:
    assert measured_lines(None, {}) == []
    assert measured_lines({"values": {}, "reasons": {}, "runs": {}, "run_reasons": {}}, {}) == [
        "This computer: nothing yet."
    ]


def test_a_run_is_called_by_its_name_and_one_is_not_several() -> None:
    values = {"proc.memory.rssMB": 300.0, "proc.processes": 1.0, "proc.openFiles": 1.0}
    measured = {
        "values": {},
        "reasons": {},
        "runs": {"/w/offline-run-1": values},
        "run_reasons": {"/w/offline-run-1": {}},
    }
    assert measured_lines(measured, {"/w/offline-run-1": "resnet"})[1:] == [
        "  resnet: 300 MiB in 1 process, 1 open file"
    ]

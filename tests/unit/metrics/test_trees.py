"""A run's processes: the training with its children, whoever of them vanishes or is somebody else by now."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runferry.metrics.processes import LinuxProcesses, OtherProcesses, ProcessReading, ProcessTable, this_table
from runferry.metrics.trees import Trees, values_of
from support.measuring import FakeTable

MIB = 1 << 20


def process(parent: int, started: float = 1.0, cpu: float = 0.0) -> ProcessReading:
    return ProcessReading(parent, started, cpu, threads=2, memory=10 * MIB)


def test_children_and_their_children_count() -> None:
    table = FakeTable({5: process(1), 6: process(5), 7: process(6), 8: process(1)})
    trees = Trees(table)
    trees.keep({"run": [5]})
    trees.look_up()
    found = trees.measure(None)["run"]
    assert found is not None
    assert (found.processes, found.threads, found.memory, found.files) == (3, 6, 30 * MIB, 9)
    assert found.cpu is None  # nothing to compare with yet


def test_processor_use_is_that_of_all_processes_per_second() -> None:
    table = FakeTable({5: process(1, cpu=10.0), 6: process(5, cpu=20.0)})
    trees = Trees(table)
    trees.keep({"run": [5]})
    trees.look_up()
    trees.measure(None)
    table.processes.update({5: process(1, cpu=11.0), 6: process(5, cpu=20.5)})
    found = trees.measure(2.0)["run"]
    assert found is not None
    assert found.cpu == 0.75
    assert values_of(found, 3, 300.0 * MIB)["cpu"] == pytest.approx(25.0)
    assert values_of(found, 3, 200.0 * MIB)["proc.memory.percent"] == pytest.approx(10.0)


def test_a_worker_that_ends_makes_no_negative_use() -> None:
    table = FakeTable({5: process(1, cpu=10.0), 6: process(5, cpu=500.0)})
    trees = Trees(table)
    trees.keep({"run": [5]})
    trees.look_up()
    trees.measure(None)
    del table.processes[6]
    table.processes[5] = process(1, cpu=12.0)
    found = trees.measure(2.0)["run"]
    assert found is not None
    assert (found.cpu, found.processes) == (1.0, 1)


def test_another_process_with_the_same_number_is_not_the_run() -> None:
    table = FakeTable({5: process(1, started=1.0)})
    trees = Trees(table)
    trees.keep({"run": [5]})
    table.processes[5] = process(1, started=99.0)
    assert trees.measure(1.0)["run"] is None


def test_a_worker_whose_number_was_given_away_is_left_out() -> None:
    table = FakeTable({5: process(1), 6: process(5)})
    trees = Trees(table)
    trees.keep({"run": [5]})
    trees.look_up()
    table.processes[6] = process(1, started=77.0)
    found = trees.measure(1.0)["run"]
    assert found is not None
    assert found.pids == {5}


def test_between_two_looks_only_known_processes_are_read() -> None:
    table = FakeTable({number: process(1) for number in range(100, 1100)} | {5: process(1)})
    trees = Trees(table)
    trees.keep({"run": [5]})
    trees.look_up()
    table.reads = 0
    trees.measure(1.0)
    assert table.reads == 1


WORKERS = """
import os, sys, time
children = []
for _ in range(2):
    pid = os.fork()
    if not pid:
        time.sleep(60)
    children.append(pid)
print("ready", flush=True)
sys.stdin.read()
for pid in children:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs macOS or Linux")
@pytest.mark.parametrize("table", [this_table(), OtherProcesses()], ids=["own", "psutil"])
def test_real_workers_are_seen_by_both_ways_of_reading(table: ProcessTable) -> None:
    with subprocess.Popen([sys.executable, "-c", WORKERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as training:
        assert training.stdin
        assert training.stdout
        training.stdout.readline()
        trees = Trees(table)
        trees.keep({"run": [training.pid]})
        trees.look_up()
        found = trees.measure(None)["run"]
        assert found is not None
        assert found.processes == 3
        assert found.memory > 3 * MIB
        assert found.files is not None
        assert found.files >= 9
        training.stdin.close()
        deadline = time.monotonic() + 20
        while trees.measure(1.0)["run"] is not None:
            assert time.monotonic() < deadline, "the training is gone and still measured"
            time.sleep(0.02)


def test_odd_names_of_processes_do_not_shift_the_fields(tmp_path: Path) -> None:
    (tmp_path / "9").mkdir()
    fields = ["S", "4", *["0"] * 9, "100", "50", *["0"] * 4, "6", "0", "777", "0", "3", *["0"] * 20]
    (tmp_path / "9" / "stat").write_text(f"9 (a) b (c) {' '.join(fields)}\n")
    found = LinuxProcesses(tmp_path).read(9)
    assert found is not None
    assert (found.parent, found.threads, found.started) == (4, 6, 777.0)
    assert found.cpu == pytest.approx(150 / os.sysconf("SC_CLK_TCK"))
    assert found.memory == 3 * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("text", ["", "9 (a", "9 (a) Z 4 0", "garbage", "9 (a) S x y z"])
def test_a_process_that_vanishes_while_it_is_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "9").mkdir()
    (tmp_path / "9" / "stat").write_text(text)
    assert LinuxProcesses(tmp_path).read(9) is None
    assert LinuxProcesses(tmp_path).open_files(9) is None

"""Which runs are trained here, by which processes; several logs of one run count once."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry.engine.residents import Residents
from runferry.formats.detect import RunFolder, identify
from runferry.metrics import alive
from runferry.metrics.alive import training_of


def a_run(root: Path, run_id: str = "r1", **marker: Any) -> RunFolder:
    """A run that goes on in this process: its end is not written."""
    run = runferry.init(project="p", id=run_id, dir=str(root), settings={"console": "off", "silent": True})
    place = Path(run.dir).parent
    told = json.loads((place / "runferry.json").read_text())
    run.finish()
    (place / "runferry.json").write_text(json.dumps({**told, **marker}))
    found = identify(place)
    assert isinstance(found, RunFolder)
    return found


def test_a_run_of_this_process_lives_here(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    (found,) = Residents().find([folder])
    assert found.key == str(folder.path)
    assert found.pids == (os.getpid(),)
    assert found.is_kept
    assert time.time() - found.started < 60


@pytest.mark.parametrize(
    "wrong",
    [
        {"pid": 2**22 + 5},
        {"outcome": "finished"},
        {"host": "elsewhere"},
        {"boot_id": "x"},
        {"pid_namespace": "pid:[1]"},
    ],
)
def test_who_is_gone_or_lives_elsewhere_is_no_resident(tmp_path: Path, wrong: dict[str, Any]) -> None:
    assert Residents().find([a_run(tmp_path, **wrong)]) == []


def test_a_dead_run_is_looked_at_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = a_run(tmp_path, pid=2**22 + 5)
    os.utime(folder.log, (1, 1))
    residents = Residents()
    assert residents.find([folder]) == []
    asked = []
    monkeypatch.setattr(alive, "read_marker", lambda path: asked.append(path))
    residents.find([folder])
    assert not asked


def test_a_log_that_says_nothing_yet_is_asked_again_soon(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    content = folder.log.read_bytes()
    folder.log.write_bytes(b"")
    residents = Residents()
    assert residents.find([folder]) == []
    assert not residents.is_settled
    folder.log.write_bytes(content)
    assert len(residents.find([folder])) == 1
    assert residents.is_settled


def test_the_ranks_of_one_run_count_together_once(tmp_path: Path) -> None:
    second = a_run(tmp_path / "b", rank={"RANK": "1"})
    first = a_run(tmp_path / "c", rank={"RANK": "0"})
    other = a_run(tmp_path / "a", "r2", rank={"RANK": "0"})
    found = {one.key: one.is_kept for one in Residents().find([second, first, other])}
    assert found == {str(second.path): False, str(first.path): True, str(other.path): True}


def test_who_wants_metrics_only_or_is_measured_by_another_is_shown_and_not_kept(tmp_path: Path) -> None:
    private = a_run(tmp_path / "a", metrics_only=True)
    unwanted = a_run(tmp_path / "c", "r3", disable_stats=True)
    measured = a_run(tmp_path / "b", "r2")
    beside = measured.path / "runferry-samples-node-1.jsonl"
    beside.write_text("")
    assert {one.is_kept for one in Residents().find([private, unwanted, measured])} == {False}
    assert [one.is_kept for one in Residents(beside.name).find([measured])] == [True]
    os.utime(beside, (1, 1))  # who wrote it has ended
    assert [one.is_kept for one in Residents().find([measured])] == [True]


@pytest.mark.parametrize(
    ("name", "command", "is_helper"),
    [
        ("wandb-core", ["/x/wandb/bin/wandb-core", "--pid", "5"], True),
        ("python3", ["wandb-service(2-5-s-1)"], True),
        ("python3", ["python3", "-c", "from multiprocessing.spawn import spawn_main; spawn_main()"], True),
        ("python3", ["python3", "/home/me/wandb/train.py"], False),
        ("python3", ["python3", "-c", "import wandb; wandb.init()"], False),
        ("python3", ["python3", "-m", "train", "wandb-core"], False),
    ],
)
def test_a_helper_of_the_official_client_is_told_from_a_training(
    monkeypatch: pytest.MonkeyPatch, name: str, command: list[str], is_helper: bool
) -> None:
    class Process:
        def __init__(self, pid: int) -> None:
            self.pid = pid

        def name(self) -> str:
            return name

        def cmdline(self) -> list[str]:
            return command

        def parent(self) -> Process:
            return Process(41)

    monkeypatch.setattr(alive.psutil, "Process", Process)
    assert training_of(42) == (41 if is_helper else 42)

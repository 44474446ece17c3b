"""Which runs are trained here, by which processes; several logs of one run count once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry import holders
from runferry.engine.residents import Residents
from runferry.formats.detect import RunFolder, identify
from runferry.metrics import alive
from support.holding import held


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def a_run(stack: ExitStack | None, root: Path, run_id: str = "r1", **marker: Any) -> RunFolder:
    """A run that goes on in this process, which holds its log (unless there is no `stack`)."""
    run = runferry.init(project="p", id=run_id, dir=str(root), settings={"console": "off", "silent": True})
    place = Path(run.dir).parent
    told = json.loads((place / "runferry.json").read_text())
    run.finish()
    (place / "runferry.json").write_text(json.dumps({**told, **marker}))
    found = identify(place)
    assert isinstance(found, RunFolder)
    if stack is not None:
        stack.enter_context(held(found.log))
    return found


def test_a_run_of_this_process_lives_here(stack: ExitStack, tmp_path: Path) -> None:
    folder = a_run(stack, tmp_path)
    (found,) = Residents().find([folder])
    assert found.key == str(folder.path)
    assert found.pids == (os.getpid(),)
    assert found.is_kept
    assert time.time() - found.started < 60


LIES = [{"pid": 2**22 + 5}, {"pid": 1}, {"host": "elsewhere"}, {"boot_id": "x"}, {"pid_namespace": "pid:[1]"}]


@pytest.mark.parametrize("lie", LIES)
def test_who_holds_the_log_is_it_whatever_the_folder_says(
    stack: ExitStack, tmp_path: Path, lie: dict[str, Any]
) -> None:
    (found,) = Residents().find([a_run(stack, tmp_path, **lie)])
    assert found.pids == (os.getpid(),)


@pytest.mark.parametrize("lie", [{}, {"started_at": time.time() + 1e6}, *LIES])
def test_a_folder_that_names_a_living_process_is_no_resident(tmp_path: Path, lie: dict[str, Any]) -> None:
    """As one from elsewhere does, with everything right but that this process does not write to its log."""
    assert Residents().find([a_run(None, tmp_path, **lie)]) == []


def test_what_has_ended_is_no_resident_though_something_still_holds_it(stack: ExitStack, tmp_path: Path) -> None:
    assert Residents().find([a_run(stack, tmp_path, outcome="finished")]) == []


def test_where_processes_cannot_be_seen_only_the_computer_is_measured(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another system, a container's /proc, another account: the run is measured if it claims to be of this boot."""
    mine = a_run(stack, tmp_path / "a")
    theirs = a_run(None, tmp_path / "b", "r2", boot_id="of another computer")
    over = a_run(None, tmp_path / "c", "r3", outcome="failed")
    old = a_run(stack, tmp_path / "d", "r4")
    os.utime(old.log, (1, 1))
    monkeypatch.setattr(holders, "PROC", str(tmp_path / "none"))
    residents = Residents()
    (found,) = residents.find([mine, theirs, over, old])
    assert (found.key, found.pids, found.is_kept) == (str(mine.path), (), True)
    monkeypatch.undo()
    assert {one.key for one in residents.find([mine, old])} == {str(mine.path), str(old.path)}, "asked again"


def test_a_dead_run_is_looked_at_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = a_run(None, tmp_path, pid=2**22 + 5)
    os.utime(folder.log, (1, 1))
    residents = Residents()
    assert residents.find([folder]) == []
    asked = []
    monkeypatch.setattr(alive, "read_marker", lambda path: asked.append(path))
    residents.find([folder])
    assert not asked


def test_a_log_that_says_nothing_yet_is_asked_again_soon(stack: ExitStack, tmp_path: Path) -> None:
    folder = a_run(stack, tmp_path)
    content = folder.log.read_bytes()
    folder.log.write_bytes(b"")
    residents = Residents()
    assert residents.find([folder]) == []
    assert not residents.is_settled
    folder.log.write_bytes(content)
    assert len(residents.find([folder])) == 1
    assert residents.is_settled


def test_the_ranks_of_one_run_count_together_once(stack: ExitStack, tmp_path: Path) -> None:
    second = a_run(stack, tmp_path / "b", rank={"RANK": "1"})
    first = a_run(stack, tmp_path / "c", rank={"RANK": "0"})
    other = a_run(stack, tmp_path / "a", "r2", rank={"RANK": "0"})
    found = {one.key: one.is_kept for one in Residents().find([second, first, other])}
    assert found == {str(second.path): False, str(first.path): True, str(other.path): True}


def test_who_wants_metrics_only_or_is_measured_by_another_is_shown_and_not_kept(
    stack: ExitStack, tmp_path: Path
) -> None:
    private = a_run(stack, tmp_path / "a", metrics_only=True)
    unwanted = a_run(stack, tmp_path / "c", "r3", disable_stats=True)
    measured = a_run(stack, tmp_path / "b", "r2")
    beside = measured.path / "runferry-samples-node-1.jsonl"
    beside.write_text("")
    assert {one.is_kept for one in Residents().find([private, unwanted, measured])} == {False}
    assert [one.is_kept for one in Residents(beside.name).find([measured])] == [True]
    os.utime(beside, (1, 1))  # who wrote it has ended
    assert [one.is_kept for one in Residents().find([measured])] == [True]

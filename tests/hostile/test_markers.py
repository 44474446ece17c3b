"""What a run folder says of this computer proves nothing: whom a stop reaches, what is measured, and what lives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

import runferry
from runferry.engine.ended import why_not_running
from runferry.engine.residents import Residents
from runferry.engine.stopping import Stopper, find_all
from runferry.errors import AppError
from runferry.formats.detect import RunFolder, identify
from runferry.formats.liveness import Life, run_state
from runferry.formats.log_reader import read_all
from runferry.formats.marker import read_marker
from runferry.formats.trainer import training_of
from runferry.metrics.alive import trainings
from runferry.status import RunState
from support.processes import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who writes to a file")

WAIT = "print('ready', flush=True); sys.stdin.readline()"
OPEN = "import os, sys; os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)\n"


@contextmanager
def process(code: str, *words: Path | str) -> Iterator[subprocess.Popen[str]]:
    """A process of this account that has done something and waits."""
    command = [sys.executable, "-c", f"import os, sys\n{code}\n{WAIT}", *map(str, words)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == "ready\n"
        try:
            yield made
        finally:
            made.kill()


def a_run(root: Path, run_id: str = "r1") -> RunFolder:
    """A run whose log has no end, as that of a training that goes on or was killed."""
    run = runferry.init(project="p", id=run_id, dir=str(root), settings={"console": "off", "silent": True})
    run.log({"x": 1})
    place = Path(run.dir).parent
    (log,) = place.glob("*.wandb")
    told, content = (place / "runferry.json").read_bytes(), log.read_bytes()
    run.finish()
    log.write_bytes(content)
    (place / "runferry.json").write_bytes(told)
    return found(place)


def found(place: Path) -> RunFolder:
    folder = identify(place)
    assert isinstance(folder, RunFolder)
    return folder


def mark(folder: RunFolder, **told: Any) -> RunFolder:
    """Write into the marker; None takes a field out."""
    marker = {**json.loads((folder.path / "runferry.json").read_text()), **told}
    marker = {name: value for name, value in marker.items() if value is not None}
    (folder.path / "runferry.json").write_text(json.dumps(marker))
    return found(folder.path)


def names(pid: int) -> dict[str, Any]:
    """Everything that a marker can say of a process, all of it true."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return {"pid": pid, "process_start_ticks": ticks, "process_started_at": psutil.Process(pid).create_time()}


def state(folder: RunFolder, log: Path | None = None) -> RunState:
    """Of a run that has been silent for a while. log: where to read it."""
    return run_state(folder, read_all(log or folder.log)[0], Life(time.time() + 1000.0, time.time()))


def refused(folder: RunFolder) -> str:
    """Why neither a person nor a server can stop it."""
    stopper = Stopper(lambda: 0.1)
    with pytest.raises(AppError) as caught:
        stopper.stop(folder)
    with pytest.raises(AppError):
        stopper.obey(folder)
    stopper.close()
    return caught.value.slug


LEAVE_OUT = [
    {},
    {"process_start_ticks": None, "process_started_at": None},
    {"boot_id": None, "machine_id": None, "pid_namespace": None, "process_start_ticks": None, "started_at": 2e9},
]


@pytest.mark.parametrize("less", LEAVE_OUT, ids=["all true", "no start", "host and pid only"])
def test_a_stranger_that_a_folder_names_is_left_alone(tmp_path: Path, less: dict[str, Any]) -> None:
    with process("") as stranger:
        folder = mark(a_run(tmp_path), **{**names(stranger.pid), **less})
        assert refused(folder) == "not-running-here"
        assert trainings([folder])[folder.path].pid is None
        assert state(folder) is not RunState.QUIET
        assert stranger.poll() is None


@pytest.mark.parametrize("kind", ["hard link", "symbolic link"])
def test_a_strangers_open_file_under_the_name_of_a_log_makes_it_no_training(tmp_path: Path, kind: str) -> None:
    folder, theirs = a_run(tmp_path / "shared"), tmp_path / "their.db"
    folder.log.rename(theirs)
    (folder.log.hardlink_to if kind == "hard link" else folder.log.symlink_to)(theirs)
    with process(OPEN, theirs) as stranger:
        folder = mark(folder, **names(stranger.pid))
        assert refused(folder) in ("training-unseen", "not-running-here")
        assert trainings([folder])[folder.path].pid is None
        assert state(folder, theirs) is RunState.UNKNOWN
        assert stranger.poll() is None


@pytest.mark.parametrize("kind", ["reads", "writes beside"])
def test_who_only_reads_a_log_or_writes_another_file_of_its_folder_does_not_train_it(tmp_path: Path, kind: str) -> None:
    folder = a_run(tmp_path)
    code = "import os, sys; os.open(sys.argv[1], os.O_RDONLY)"
    if kind == "writes beside":
        code = "import os, sys; os.open(sys.argv[1] + '.lock', os.O_CREAT | os.O_RDWR)"
    with process(code, folder.log) as stranger:
        assert refused(mark(folder, **names(stranger.pid))) == "not-running-here"
        assert stranger.poll() is None


def test_the_training_is_stopped_and_not_whom_its_folder_names(tmp_path: Path) -> None:
    """A shared drive's `runferry.json` was changed while the training goes on."""
    folder = a_run(tmp_path)
    with process("") as stranger, process(OPEN, folder.log) as training:
        folder = mark(folder, **names(stranger.pid))
        assert [one.pid for one in find_all(folder)] == [training.pid]
        assert state(folder) is RunState.QUIET
        stopped = Stopper(lambda: 20.0).stop(folder)
        assert (stopped.pid, stopped.others) == (training.pid, ())
        until(lambda: training.poll() is not None, "the training has ended")
        assert stranger.poll() is None


FORKS = (
    OPEN
    + """
for _ in range(2):
    if os.fork() == 0:
        os.close(1)
        import time
        time.sleep(60)
"""
)


@pytest.mark.parametrize("is_marked", [True, False], ids=["ours", "of the official client"])
def test_data_loaders_that_inherited_the_log_are_no_training(tmp_path: Path, is_marked: bool) -> None:
    folder = a_run(tmp_path)
    with process(FORKS, folder.log) as training:
        folder = mark(folder, **names(training.pid))
        if not is_marked:
            (folder.path / "runferry.json").unlink()
            folder = found(folder.path)
        loaders = psutil.Process(training.pid).children()
        assert len(loaders) == 2
        try:
            assert [one.pid for one in find_all(folder)] == [training.pid]
            assert state(folder) is RunState.QUIET
            training.kill()
            training.wait()
            assert not training_of(folder).is_alive
            assert refused(folder) == "not-running-here"
            assert state(folder) is RunState.CRASHED
            assert all(one.is_running() for one in loaders)
        finally:
            for one in loaders:
                one.kill()


def test_a_training_that_a_launcher_forked_is_one(tmp_path: Path) -> None:
    """`start_processes(start_method="fork")`: the copy opens its log by itself."""
    folder = a_run(tmp_path)
    code = "import os, sys\nif os.fork() == 0:\n    os.open(sys.argv[1], os.O_WRONLY)\n    "
    code += "print('ready', flush=True)\n    import time\n    time.sleep(60)\nos.wait()"
    command = [sys.executable, "-c", code, str(folder.log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "ready\n"
        (worker,) = psutil.Process(launcher.pid).children()
        try:
            folder = mark(folder, **names(worker.pid))
            assert [one.pid for one in find_all(folder)] == [worker.pid]
            (folder.path / "runferry.json").unlink()
            assert [one.pid for one in find_all(found(folder.path))] == [worker.pid]
        finally:
            worker.kill()


CORE = """
import subprocess, sys
code = 'import os, sys; os.open(sys.argv[1], os.O_WRONLY); print("open", flush=True); import time; time.sleep(60)'
core = subprocess.Popen(["wandb-core", "-c", code, sys.argv[1], "--pid", str({told})], executable=sys.executable,
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
core.stdout.readline()
"""


def test_a_helper_of_the_official_client_stands_for_the_training_that_started_it(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    (folder.path / "runferry.json").unlink()
    folder = found(folder.path)
    with process(CORE.format(told="os.getpid()"), folder.log) as training:
        (core,) = psutil.Process(training.pid).children()
        try:
            assert training_of(folder).pid == training.pid
            training.kill()
            training.wait()
            # Its parent is now init or a service manager, which has nothing to do with it.
            assert training_of(folder).is_alive is None
            assert refused(folder) == "training-unseen"
            assert core.is_running()
        finally:
            core.kill()
            psutil.wait_procs([core], timeout=10)
        until(lambda: training_of(folder).is_alive is False, "nobody holds it")


def test_whoever_a_helper_does_not_name_is_not_its_training(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    (folder.path / "runferry.json").unlink()
    with process(CORE.format(told="1"), folder.log) as other:
        (core,) = psutil.Process(other.pid).children()
        try:
            assert refused(found(folder.path)) == "training-unseen"
        finally:
            core.kill()


def test_a_rank_that_only_claims_to_be_one_is_not_stopped(tmp_path: Path) -> None:
    """A folder beside a living run, with its id, names a stranger as another rank of it."""
    folder = a_run(tmp_path)
    beside = a_run(tmp_path)
    assert beside.path != folder.path
    with process("") as stranger, process(OPEN, folder.log) as training:
        folder = mark(folder, **names(training.pid))
        mark(beside, **names(stranger.pid), rank={"RANK": "1"})
        assert [one.pid for one in find_all(folder)] == [training.pid]


def test_a_process_that_took_over_the_number_is_not_stopped(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    with process(OPEN, folder.log) as training:
        folder = mark(folder, **names(training.pid))
        assert training_of(folder).pid == training.pid
        assert training_of(folder).pid == training.pid, "remembered"
        training.send_signal(signal.SIGKILL)
        training.wait()
        assert training_of(folder).is_alive is False


def test_a_training_in_a_container_is_known_by_its_own_number(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    script = "import os, sys; os.open(sys.argv[1], os.O_WRONLY)\nif os.fork() == 0: sys.stdin.readline(); os._exit(0)\n"
    script += "print(os.getpid(), os.readlink('/proc/self/ns/pid'), flush=True); sys.stdin.readline()"
    command = ["unshare", "-Urmpf", "--mount-proc", sys.executable, "-c", script, str(folder.log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as container:
        assert container.stdout is not None
        assert container.stdin is not None
        told = container.stdout.readline().split()
        if not told:
            pytest.skip("this system does not let a program make a container")
        (inside,) = psutil.Process(container.pid).children()
        ticks = names(inside.pid)["process_start_ticks"]
        folder = mark(folder, pid=int(told[0]), pid_namespace=told[1], host="container", process_start_ticks=ticks)
        assert training_of(folder).pid == inside.pid
        container.stdin.write("\n\n")


@pytest.mark.parametrize("told", [{"pid": "1"}, {"pid": -1}, {"pid": 2**80}, {"pid": [1]}, {"pid": True}, {"host": {}}])
def test_nonsense_in_a_marker_is_no_fault_of_ours(tmp_path: Path, told: dict[str, Any]) -> None:
    folder = mark(a_run(tmp_path), **told)
    assert refused(folder) == "not-running-here"
    assert state(folder) in (RunState.CRASHED, RunState.UNKNOWN)
    with process(OPEN, folder.log) as training:
        assert [one.pid for one in find_all(folder)] == [training.pid]


ODD = [
    {"entity": {}, "rank": {"RANK": "1"}}, {"project": [1], "rank": {"RANK": "0"}}, {"rank": ["RANK"]},
    {"rank": {"RANK": "²"}}, {"rank": {"RANK": "9" * 5000}}, {"rank": {"RANK": 7}}, {"started_at": 10**400},
    {"started_at": float("nan")}, {"started_at": "now"}, {"process_start_ticks": float("inf")}, {"ignore_globs": {}},
    {"outcome": "failed", "ended_at": 1e300}, {"outcome": "failed", "ended_at": {}}, {"outcome": ["failed"]},
    {"outcome": "failed", "ended_at": -5}, {"outcome": "failed", "ended_at": float("-inf")},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=[str(one)[:40] for one in ODD])
def test_an_odd_marker_costs_itself_and_no_other_run(tmp_path: Path, odd: dict[str, Any]) -> None:
    """All that live here are looked for together, so one that raises would end the measuring of every run."""
    good, bad = a_run(tmp_path, "good"), mark(a_run(tmp_path, "bad"), **odd)
    with process(OPEN + "os.open(sys.argv[2], os.O_WRONLY)", good.log, bad.log) as training:
        good, bad = mark(good, **names(training.pid)), mark(bad, **names(training.pid))
        found_here = {one.key: one.pids for one in Residents().find([bad, good])}
        assert found_here[str(good.path)] == (training.pid,)
        assert [one.pid for one in find_all(good)] == [training.pid]
    assert "20" in why_not_running(bad).message or state(bad) is RunState.CRASHED


@pytest.mark.parametrize("kind", ["pipe", "link", "deep", "large", "list"])
def test_a_marker_that_is_no_marker_is_none(tmp_path: Path, kind: str) -> None:
    folder = a_run(tmp_path)
    marker = folder.path / "runferry.json"
    told = marker.read_bytes()
    marker.unlink()
    if kind == "pipe":
        os.mkfifo(marker)
    elif kind == "link":
        (tmp_path / "elsewhere").write_bytes(told)
        marker.symlink_to(tmp_path / "elsewhere")
    else:
        marker.write_text({"deep": "[" * 200_000, "large": '{"a": "' + "x" * (1 << 21) + '"}', "list": "[1]"}[kind])
    assert read_marker(folder.path) is None
    assert found(folder.path).marker is None

"""Links that appear while the app watches: those of the training that has the log open are followed, no other.

The trainings are real processes, and who holds a log is asked from the system.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.clock import SystemClock
from runferry.engine.link_watch import LinkWatch
from runferry.formats.detect import RunFolder, identify
from runferry.holders import why_blind
from runferry.state.database import Database
from runferry.state.ledger import Ledger
from runferry.sync.links import OUTSIDE, RunLinks
from runferry.sync.wishes import Wishes
from support import stores
from support.linked import links_of
from support.processes import RUNFERRY, Server, serving, started, until

pytestmark = pytest.mark.skipif(bool(why_blind()), reason="only Linux tells who writes to a file")

TRAINING = """
import sys, runferry
run = runferry.init(project="parity", id="r", settings={"console": "off", "silent": True})
run.log({"loss": 1})
print(run.dir, flush=True)
for line in sys.stdin:
    if line.strip() == "end":
        break
    run.save(line.strip())
    run.log({"loss": 2})
    print("saved", flush=True)
run.finish()
"""

# Holds a log open for writing, and puts links where it is told; knows nothing of runs, like a program that unpacks.
HOLDER = """
import os, sys
log = open(sys.argv[1], "ab")
print("holds", flush=True)
for line in sys.stdin:
    target, place = line.split()
    os.symlink(target, place)
    print("made", flush=True)
"""


class Process:
    """One that does what it is told, line by line."""

    def __init__(self, *command: str, cwd: Path) -> None:
        self.process = subprocess.Popen(command, cwd=cwd, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline().strip()

    def do(self, line: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        if line != "end":
            self.process.stdout.readline()

    def end(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        self.process.wait(20)


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    made: list[Process] = []
    yield made
    for one in made:
        one.end()


class Rig:
    """A watch that is asked to look, and the state that it keeps."""

    def __init__(self, ledger: Ledger, top: Path) -> None:
        self.ledger, self.project, self.elsewhere = ledger, top / "project", top / "elsewhere"
        self.project.mkdir()
        self.elsewhere.mkdir()
        self.told: list[RunFolder] = []
        self.watch = LinkWatch(ledger.links, self.told.append)
        self.since = time.time()
        self.folder: RunFolder | None = None

    def look(self, path: Path) -> RunFolder:
        found = identify(path)
        assert isinstance(found, RunFolder)
        self.watch.look(found, self.since)
        self.watch.tick()
        return found

    def followed(self, path: Path) -> set[str]:
        return set(self.ledger.links.of(path))

    def file(self, name: str) -> Path:
        (self.elsewhere / name).write_text("content of " + name)
        return self.elsewhere / name


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Database(tmp_path / "state.db") as database:
        yield Rig(Ledger(database, SystemClock()), tmp_path)


def training(rig: Rig, processes: list[Process]) -> tuple[Process, Path]:
    made = Process(sys.executable, "-c", TRAINING, cwd=rig.project)
    processes.append(made)
    return made, Path(made.said).parent


def test_what_a_training_saves_is_followed(rig: Rig, processes: list[Process]) -> None:
    process, run = training(rig, processes)
    process.do(str(rig.file("first.pt")))  # before the first look, and after the watch began
    rig.look(run)
    process.do(str(rig.file("second.pt")))
    folder = rig.look(run)
    assert rig.followed(run) == {"elsewhere/first.pt", "elsewhere/second.pt"}
    assert [one.path for one in rig.told] == [run, run]
    links = RunLinks(folder, Wishes(), lambda: rig.ledger.links.of(run))
    assert links.spot("elsewhere/first.pt").why == ""
    assert links_of(run).spot("elsewhere/first.pt").why == OUTSIDE, "not by any other rule"


def test_one_that_was_saved_before_its_training_ended_is_followed_too(rig: Rig, processes: list[Process]) -> None:
    process, run = training(rig, processes)
    rig.look(run)
    process.do(str(rig.file("last.pt")))
    process.do("end")
    assert process.process.wait(20) == 0
    rig.look(run)
    assert rig.followed(run) == {"elsewhere/last.pt"}


def test_links_from_before_the_watch_are_not(rig: Rig, processes: list[Process]) -> None:
    process, run = training(rig, processes)
    process.do(str(rig.file("before.pt")))
    time.sleep(0.02)  # the clock of file systems may go in steps of some milliseconds
    rig.since = time.time()
    rig.look(run)
    process.do(str(rig.file("after.pt")))
    rig.look(run)
    assert rig.followed(run) == {"elsewhere/after.pt"}


def test_one_that_comes_when_nobody_writes_any_more_is_not(rig: Rig, processes: list[Process]) -> None:
    process, run = training(rig, processes)
    rig.look(run)
    process.do("end")
    assert process.process.wait(20) == 0
    rig.look(run)
    (run / "files" / "planted").symlink_to(rig.file("secret"))
    rig.look(run)
    (run / "files" / "planted").unlink()
    (run / "files" / "planted").symlink_to(rig.file("secret"))
    rig.look(run)
    assert rig.followed(run) == set()


def test_a_copy_of_a_run_brings_no_permission(rig: Rig, processes: list[Process]) -> None:
    """Its marker names a process that lives, and holds another log."""
    process, run = training(rig, processes)
    process.do(str(rig.file("a.pt")))
    copy = rig.project / "wandb" / "offline-run-20260101_000000-copy"
    shutil.copytree(run, copy, symlinks=True)
    rig.look(copy)
    (copy / "files" / "more").symlink_to(rig.file("b.pt"))
    rig.look(copy)
    assert rig.followed(copy) == set()


def copied(rig: Rig, processes: list[Process]) -> tuple[Path, Path]:
    """A run folder of nobody, and its log."""
    process, run = training(rig, processes)
    process.do("end")
    process.process.wait(20)
    (run / "runferry.json").unlink()
    (log,) = run.glob("*.wandb")
    return run, log


def test_who_unpacks_a_run_is_not_its_training(rig: Rig, processes: list[Process]) -> None:
    """It has the log open and makes links; but it is no Python, and no official client."""
    run, log = copied(rig, processes)
    script = f'exec 3>>"{log}"; echo holds; while read target place; do ln -s "$target" "$place"; echo made; done'
    holder = Process("/bin/sh", "-c", script, cwd=rig.project)
    processes.append(holder)
    rig.look(run)
    holder.do(f"{rig.file('secret')} {run / 'files' / 'planted'}")
    rig.look(run)
    assert rig.followed(run) == set()


def test_another_python_counts_where_it_wrote_before_the_link_came(rig: Rig, processes: list[Process]) -> None:
    """As clients before 0.18 do, which have no program of their own."""
    run, log = copied(rig, processes)
    holder = Process(sys.executable, "-c", HOLDER, str(log), cwd=rig.project)
    processes.append(holder)
    holder.do(f"{rig.file('first')} {run / 'files' / 'first'}")
    rig.look(run)  # the first look: it may have stood there before
    holder.do(f"{rig.file('second')} {run / 'files' / 'second'}")
    rig.look(run)
    assert rig.followed(run) == {"second"}


def test_a_marker_that_leaves_the_start_out_names_nobody(rig: Rig, processes: list[Process]) -> None:
    process, run = training(rig, processes)
    process.do(str(rig.file("a.pt")))
    marker = json.loads((run / "runferry.json").read_text())
    del marker["process_start_ticks"]
    (run / "runferry.json").write_text(json.dumps(marker))
    rig.look(run)
    assert rig.followed(run) == set()


def test_what_does_not_change_is_not_looked_into_again(rig: Rig, tmp_path: Path) -> None:
    from runferry.engine.linked_files import LinkedFiles

    files = rig.project / "files"
    (files / "media").mkdir(parents=True)
    (files / "media" / "a").symlink_to(rig.file("a"))
    old = time.time() - 60
    os.utime(files / "media", (old, old))
    looking = LinkedFiles(rig.project, files)
    assert set(looking.look()) == {"media/a"}
    folder = looking._known[str(files / "media")]
    assert set(looking.look()) == {"media/a"}
    assert looking._known[str(files / "media")] is folder
    (files / "media" / "b").symlink_to(rig.file("b"))
    assert set(looking.look()) == {"media/a", "media/b"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "store") as running:
        yield running


def test_watching_follows_them_until_the_run_is_verified(
    server: Server, tmp_path: Path, processes: list[Process]
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    (elsewhere / "w.pt").write_text("weights")
    log = tmp_path / "watch.log"
    with started(*RUNFERRY, "watch", str(project), cwd=tmp_path, log=log, **server.environ):
        until(lambda: "Watching" in log.read_text(), "it watches")
        process = Process(sys.executable, "-c", TRAINING, cwd=project)
        processes.append(process)
        until(lambda: "r: live" in log.read_text(), "the run was found")
        process.do(str(elsewhere / "w.pt"))
        process.do("end")
        until(lambda: "rows verified" in log.read_text(), f"verified, not {log.read_text()}")
    assert stores.read(server.data, "r").files["elsewhere/w.pt"] == b"weights"

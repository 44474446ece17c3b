"""Who holds a file open for writing, as the system tells it: real processes, no double."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runferry import holders
from runferry.holders import Holding, holder_of, holding, holdings, still_holds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who writes to a file")


@contextmanager
def python(script: str, *words: Path | str) -> Iterator[subprocess.Popen[str]]:
    """A process that has done what the script says and now waits for a line."""
    code = f"import os, sys\n{script}\nprint('ready', flush=True)\nsys.stdin.readline()"
    command = [sys.executable, "-c", code, *map(str, words)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "offline-run-20261123_011411-r1"
    folder.mkdir()
    (folder / "run-r1.wandb").write_bytes(b":W&B")
    return folder / "run-r1.wandb"


def pids(found: Holding) -> set[int]:
    return {one.pid for one in found.holders}


@pytest.mark.parametrize("way", ["O_WRONLY | os.O_APPEND", "O_RDWR"])
def test_who_opened_it_for_writing_holds_it(log: Path, way: str) -> None:
    assert holding(log).is_nobody
    with python(f"os.open(sys.argv[1], os.{way})", log) as process:
        (one,) = holding(log).holders
        assert (one.pid, one.parent, one.uid, one.is_fork) == (process.pid, os.getpid(), os.getuid(), False)
        assert holder_of(process.pid, log) == one
        assert still_holds(one, log)
        assert not still_holds(one._replace(started=one.started + 1), log), "another process with that number"
        assert not still_holds(one._replace(parent=1), log), "whoever started it is gone"
        assert not still_holds(one._replace(fd=0), log)
    assert holding(log).is_nobody
    assert holder_of(process.pid, log) is None
    assert not still_holds(one, log)


def test_who_only_reads_it_does_not(log: Path) -> None:
    with python("os.open(sys.argv[1], os.O_RDONLY)", log) as process:
        assert holding(log).is_nobody
        assert holder_of(process.pid, log) is None


def test_a_copy_of_the_writer_is_told_from_it(log: Path) -> None:
    script = "os.open(sys.argv[1], os.O_WRONLY)\nif os.fork() == 0:\n    sys.stdin.readline(); os._exit(0)"
    with python(script, log) as process:
        found = {one.pid: one for one in holding(log).holders}
        assert len(found) == 2
        assert not found.pop(process.pid).is_fork
        (fork,) = found.values()
        assert (fork.is_fork, fork.parent) == (True, process.pid)


@pytest.mark.parametrize("kind", ["hard link", "symbolic link"])
def test_another_file_under_a_runs_name_proves_nothing(tmp_path: Path, log: Path, kind: str) -> None:
    """A folder from elsewhere gives a stranger's open file the name of its log."""
    theirs = tmp_path / "run-r1.wandb"
    theirs.write_bytes(b"something else")
    log.unlink()
    (log.hardlink_to if kind == "hard link" else log.symlink_to)(theirs)
    with python("os.open(sys.argv[1], os.O_WRONLY)", theirs) as process:
        found = holding(log)
        assert not found.holders
        assert found.unseen
        assert holder_of(process.pid, log) is None


def test_a_link_to_the_folder_is_the_folder(tmp_path: Path, log: Path) -> None:
    """`latest-run`, or a `wandb` folder that is a link to scratch."""
    (tmp_path / "latest-run").symlink_to(log.parent.name)
    with python("os.open(sys.argv[1], os.O_WRONLY)", tmp_path / "latest-run" / log.name) as process:
        assert pids(holding(log)) == {process.pid}
        assert pids(holding(tmp_path / "latest-run" / log.name)) == {process.pid}


def test_many_are_looked_for_at_once(tmp_path: Path, log: Path) -> None:
    others = [tmp_path / name for name in ("a", "b")]
    for one in others:
        one.mkdir()
        (one / log.name).write_bytes(b"")
    logs = [log, *(one / log.name for one in others), tmp_path / "gone"]
    with (
        python("[os.open(one, os.O_WRONLY) for one in sys.argv[1:]]", logs[0], logs[1]) as first,
        python("os.open(sys.argv[1], os.O_WRONLY)", logs[1]) as second,
    ):
        found = holdings(logs)
        assert [pids(found[one]) for one in logs] == [{first.pid}, {first.pid, second.pid}, set(), set()]
        assert found[logs[2]].is_nobody
        assert "No such file" in found[logs[3]].unseen


def test_what_is_deleted_or_replaced_is_not_held_any_more(log: Path) -> None:
    with python("os.open(sys.argv[1], os.O_WRONLY)", log) as process:
        log.unlink()
        assert holding(log).unseen
        log.write_bytes(b"another")
        assert holding(log).is_nobody
        assert holder_of(process.pid, log) is None


def test_where_processes_are_not_shown_nobody_is_not_said(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another system (no /proc), and a /proc of another world of processes."""
    with python("os.open(sys.argv[1], os.O_WRONLY)", log) as process:
        monkeypatch.setattr(holders, "PROC", str(tmp_path / "none"))
        assert "only Linux" in holding(log).unseen
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc" / "self").symlink_to("1")
        monkeypatch.setattr(holders, "PROC", str(tmp_path / "proc"))
        assert "not those" in holding(log).unseen
        assert holder_of(process.pid, log) is None


AS_ANOTHER = """
import os, sys
from pathlib import Path
from runferry.holders import holding, holder_of
os.setgroups([]), os.setgid(65534), os.setuid(65534)
found = holding(Path(sys.argv[1]))
print(list(found.holders), bool(found.unseen), holder_of(int(sys.argv[2]), Path(sys.argv[1])))
"""


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can become another account")
def test_another_accounts_log_cannot_be_told(log: Path) -> None:
    for one in (log.parent, *log.parent.parents):
        if one.stat().st_uid == os.getuid() and one.name:
            one.chmod(one.stat().st_mode | 0o755)
    with python("os.open(sys.argv[1], os.O_WRONLY)", log) as process:
        command = [sys.executable, "-c", AS_ANOTHER, str(log), str(process.pid)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert told.stdout == "[] True None\n", told.stderr


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is missing")
def test_a_process_in_a_container_holds_it_under_another_path(tmp_path: Path, log: Path) -> None:
    """Its own mounts and its own numbers of processes."""
    (tmp_path / "mounted").mkdir()
    inside = (
        'mount --bind "$1" "$2" && exec "$3" -c \'import os, sys; os.open(sys.argv[1], os.O_WRONLY);'
        ' print("ready", flush=True); sys.stdin.readline()\' "$2/$4"'
    )
    words = [str(log.parent), str(tmp_path / "mounted"), sys.executable, log.name]
    command = ["unshare", "-Urmpf", "--mount-proc", "sh", "-c", inside, "sh", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        if process.stdout.readline() != "ready\n":
            pytest.skip("this system does not let a program make a container")
        (one,) = holding(log).holders
        assert one.pid != 1
        process.stdin.write("\n")

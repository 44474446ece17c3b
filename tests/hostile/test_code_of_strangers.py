"""A run folder names a private repository: only the one that the proven process works in is looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import runferry
from runferry.engine.code_state.keeper import CodeState
from runferry.engine.code_state.workplace import workplaces
from runferry.formats.detect import RunFolder, identify
from runferry.settings import Settings
from support.folders import git_repository

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells where a process works")

SECRET = "NOT_PUBLISHED_YET = 'hunter2'\n"
HOLD = "import os, sys\nos.open(sys.argv[1], os.O_WRONLY)\nprint('ready', flush=True)\nsys.stdin.readline()\n"


def repository(place: Path, change: str) -> Path:
    git_repository(place, {"algo.py": "x = 1\n"})
    (place / "algo.py").write_text(f"x = 1\n{change}")
    return place


@contextmanager
def training(*words: Path | str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, *map(str, words)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == "ready\n"
        try:
            yield made
        finally:
            made.kill()


def a_run(root: Path, script: Path) -> RunFolder:
    """It goes on, by its marker: everything in that is true of this process, but for the script and the time."""
    run = runferry.init(project="p", dir=str(root), settings={"console": "off", "silent": True})
    place = Path(run.dir).parent
    told = json.loads((place / "runferry.json").read_text())
    run.finish()
    lie = {"script": str(script), "cwd": str(script.parent), "save_code": True, "started_at": time.time() + 1e6}
    (place / "runferry.json").write_text(json.dumps({**told, **lie}))
    found = identify(place)
    assert isinstance(found, RunFolder)
    return found


def taken(place: Path, folder: RunFolder) -> dict[str, bytes]:
    keeper = CodeState(place / "kept", Settings, lambda path, text: None)
    keeper.start()
    keeper.consider(folder)
    files = {name: path.read_bytes() for name, path in keeper.files(folder.log, wait=True).items()}
    keeper.stop()
    return files


def test_a_marker_names_no_repository(tmp_path: Path) -> None:
    private = repository(tmp_path / "private", SECRET)
    assert taken(tmp_path, a_run(tmp_path / "shared", private / "algo.py")) == {}


@pytest.mark.parametrize("way", ["cwd", "script", "script by an absolute path", "module"])
def test_the_code_is_that_of_the_process(tmp_path: Path, way: str) -> None:
    """The shared drive that it writes to says otherwise."""
    private, own = repository(tmp_path / "private", SECRET), repository(tmp_path / "own", "y = 2\n")
    (own / "train.py").write_text(HOLD)
    (private / "train.py").write_text("")
    folder = a_run(tmp_path / "shared", private / "train.py")
    words: tuple[Path | str, ...] = {
        "cwd": ("-c", HOLD), "script": ("-u", "-X", "utf8", "train.py"), "module": ("-m", "train"),
        "script by an absolute path": (own / "train.py",),
    }[way]  # fmt: skip
    with training(*words, folder.log, cwd=tmp_path if way.endswith("path") else own):
        files = taken(tmp_path, folder)
    assert b"+y = 2" in files["diff.patch"]
    assert not any(b"hunter2" in one for one in files.values())


def test_what_started_a_training_is_not_its_code(tmp_path: Path) -> None:
    """A tool in the home's folder of programs, where the home is a repository."""
    home = repository(tmp_path / "home", SECRET)
    (home / "tool").write_text(HOLD)
    folder = a_run(tmp_path / "shared", home / "algo.py")
    with training(home / "tool", folder.log, cwd=tmp_path / "shared") as process:
        assert workplaces(process.pid) == [tmp_path / "shared"]
        assert "diff.patch" not in taken(tmp_path, folder)


def test_a_path_in_a_container_is_not_one_of_ours(tmp_path: Path) -> None:
    private, own = repository(tmp_path / "private", SECRET), tmp_path / "own"
    own.mkdir()
    folder = a_run(tmp_path / "shared", own / "train.py")
    # Inside, `private` is another folder: the one that it was started in.
    inside = f'mount --bind "{own}" "{private}" && cd "{private}" && exec "$0" -c "$1" "$2"'
    command = ["unshare", "-Urm", "sh", "-c", inside, sys.executable, HOLD, str(folder.log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            pytest.skip("this system does not let a program make a container")
        assert os.readlink(f"/proc/{process.pid}/cwd") == str(private)
        assert workplaces(process.pid) == []
        assert taken(tmp_path, folder) == {}
        process.kill()


def test_kept_changes_go_with_no_other_run(tmp_path: Path) -> None:
    """A folder with the name of somebody's run, whose log says that it is of another project."""
    own = repository(tmp_path / "own", SECRET)
    folder = a_run(tmp_path / "shared", own / "algo.py")
    keeper = CodeState(tmp_path / "kept", Settings, lambda path, text: None)
    with training("-c", HOLD, folder.log, cwd=own):
        keeper.start()
        keeper.consider(folder)
        assert b"hunter2" in keeper.files(folder.log, wait=True)["diff.patch"].read_bytes()
        keeper.stop()
    copy = tmp_path / "copy" / folder.path.name
    shutil.copytree(folder.path, copy)
    assert "diff.patch" in keeper.files(copy / folder.log.name), "the same run, moved"
    run = runferry.init(project="theirs", id=folder.run_id, dir=str(tmp_path / "x"), settings={"silent": True})
    run.finish()
    theirs = tmp_path / "theirs" / folder.path.name
    shutil.copytree(Path(run.dir).parent, theirs)
    assert keeper.files(theirs / folder.log.name) == {}

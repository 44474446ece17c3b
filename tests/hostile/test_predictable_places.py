"""Where runs go when their place cannot be written: nobody else can prepare that folder, or look into it."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

import recorder_process
from recorder_log import only_log
from runferry.recorder import folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and fork are POSIX")

TRAIN = """
import os, runferry
open('blocked', 'w').close()
run = runferry.init(dir='blocked', id='mine', config={'secret': 1})
run.log({'x': 1})
print('DIR', run.dir)
"""


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory into which others have written before."""
    place = tmp_path / "shared"
    place.mkdir(mode=0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def is_private(path: str | Path) -> bool:
    found = os.lstat(path)
    return stat.S_ISDIR(found.st_mode) and found.st_mode & 0o777 == 0o700 and found.st_uid == os.getuid()


def test_a_folder_of_ones_own_that_is_told_once(tmp_path: Path, shared: Path) -> None:
    planted = shared / "wandb"
    planted.symlink_to(tmp_path)
    done = recorder_process.run(tmp_path, TRAIN, TMPDIR=str(shared))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot write to") == 1
    place = shared / f"runferry-{os.getuid()}"
    assert is_private(place)
    assert f"recorded in {place}/wandb/offline-run-" in done.stderr
    assert only_log(place).metrics() == [{"x": 1}]
    assert not list(tmp_path.glob("offline-run-*"))
    again = recorder_process.run(tmp_path, TRAIN, TMPDIR=str(shared))
    assert str(place) in again.stdout
    assert len(list(place.glob("wandb/offline-run-*"))) == 2


def test_what_others_have_prepared_is_not_used(tmp_path: Path, shared: Path) -> None:
    path = shared / f"runferry-{os.getuid()}"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path.symlink_to(elsewhere)
    made = folder.private_place()
    assert made != str(path)
    assert is_private(made)
    path.unlink()
    path.write_text("a file")
    assert is_private(folder.private_place())
    path.unlink()
    path.mkdir(mode=0o777)
    path.chmod(0o777)
    assert folder.private_place() == str(path)
    assert is_private(path)
    assert list(elsewhere.iterdir()) == []


def test_a_folder_of_another_account_is_not_used(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shared / f"runferry-{os.getuid()}"
    path.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(path, 4242, 4242)
    else:  # only root can give a folder away: the account that asks is another one instead
        real = os.getuid()
        (shared / f"runferry-{real + 1}").mkdir(mode=0o700)
        monkeypatch.setattr(os, "getuid", lambda: real + 1)
        path = shared / f"runferry-{real + 1}"
    assert folder.private_place() != str(path)
    assert list(path.iterdir()) == []

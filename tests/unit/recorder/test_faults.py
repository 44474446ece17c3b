"""Full disks, removed folders, partial writes: counted, told once, told in the log, and the log stays readable."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recorder_process
from recorder_log import Log, only_folder, only_log, split
from runferry.recorder.log_writer import LogWriter
from runferry.wire.framing import BLOCK


class Disk:
    """Stands in for os.write: has room for so many more bytes, then is full."""

    def __init__(self) -> None:
        self.room: int | None = None
        self.real = os.write

    def write(self, fd: int, data: Any) -> int:
        if self.room is None:
            return self.real(fd, data)
        size = min(self.room, len(data))
        if size == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= size
        return self.real(fd, bytes(data)[:size])


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(os, "write", made.write)
    return made


def test_a_full_disk_costs_the_rows_that_did_not_fit_and_no_other(
    start: Any, log: Any, disk: Disk, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(settings={"silent": False})
    run.log({"x": 0})
    disk.room = 30  # part of a record
    for at in range(1, 6):
        run.log({"x": at})
    assert [row["x"] for row in log().rows] == [0]
    disk.room = None
    for at in range(6, 9):
        run.log({"x": at})
    run.finish()
    found = log()
    assert [(row["_step"], row["x"]) for row in found.rows] == [(0, 0), (6, 6), (7, 7), (8, 8)]
    assert capsys.readouterr().err.count("rows are being lost: No space left on device") == 1
    assert "5 rows before step 6 were lost" in found.console
    assert found.summary["x"] == 8
    numbers = [one.num for one in found.records]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers)
    assert numbers[-1] > len(numbers)  # the gap shows that records are missing
    assert found.exit_code == 0


def test_it_is_told_in_the_marker(start: Any, folder: Any, disk: Disk) -> None:
    run = start()
    disk.room = 0
    run.log({"x": 1})
    disk.room = None
    run.finish()
    assert json.loads((folder() / "runferry.json").read_text())["faults"]["rows-lost"] == 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3 * BLOCK), st.integers(0, 4 * BLOCK) | st.none()), max_size=12))
def test_any_sequence_of_short_writes_leaves_whole_records(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, int | None]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "run-x.wandb"
    writer = LogWriter(str(path))
    writer.open()
    disk = Disk()
    kept = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", disk.write)
        for at, (size, room) in enumerate(plan):
            disk.room = room
            record = bytes((at + 1,)) * size
            if writer.append(record):
                kept.append(record)
    writer.close()
    assert split(path.read_bytes()) == kept


def test_where_truncation_is_refused_the_next_block_is_clean(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise OSError(errno.EPERM, "append only")

    monkeypatch.setattr(os, "ftruncate", refuse)
    writer = LogWriter(str(tmp_path / "run-x.wandb"))
    writer.open()
    assert writer.append(b"a" * 100)
    disk.room = 50
    assert not writer.append(b"b" * 100)
    disk.room = None
    assert writer.append(b"c" * 100)
    writer.close()
    data = (tmp_path / "run-x.wandb").read_bytes()
    assert split(data[:114]) == [b"a" * 100]
    assert split(data[BLOCK:], 0) == [b"c" * 100]


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_real_limit_in_a_real_process(tmp_path: Path) -> None:
    code = """
import resource, runferry
run = runferry.init(settings={'console': 'off'})
run.log({'x': 0})
import os
size = os.path.getsize(run._folder.log)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, hard))
for at in range(1, 50):
    run.log({'x': at})
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
run.log({'x': 50})
"""
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    found = only_log(tmp_path)
    values = [row["x"] for row in found.rows]
    assert values[0] == 0
    assert values[-1] == 50
    assert 2 < len(values) < 30
    assert done.stderr.count("rows are being lost: File too large") == 1
    assert f"{51 - len(values)} rows before step 50 were lost" in found.console


@pytest.mark.skipif(os.name != "posix", reason="an open file can be removed on POSIX only")
def test_a_removed_folder(
    start: Any, folder: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from runferry.recorder import recording

    monkeypatch.setattr(recording, "SUMMARY_INTERVAL", 0)
    run = start(settings={"silent": False})
    run.log({"x": 1})
    shutil.rmtree(folder())
    for _ in range(3):
        run.log({"x": 2})
    run.config.a = 1
    run.summary["b"] = 2
    run.save(__file__)
    run.finish()
    assert capsys.readouterr().err.count("was deleted; nothing more") == 1
    assert run._faults.counts["rows-lost"] >= 2


def test_an_unwritable_place_falls_back_to_the_temporary_directory(
    start: Any, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import tempfile

    (place / "blocked").write_text("a file where the directory should be")
    (place / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place / "temporary"))
    run = start(dir=place / "blocked", settings={"silent": False})
    run.log({"x": 1})
    run.finish()
    assert only_log(place / "temporary" / f"runferry-{os.getuid()}").metrics() == [{"x": 1}]
    assert "cannot write to" in capsys.readouterr().err


def test_when_nothing_can_be_written_the_training_goes_on(
    start: Any, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import tempfile

    (place / "blocked").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(place / "blocked"))
    run = start(dir=place / "blocked", settings={"silent": False}, config={"a": 1})
    run.log({"x": 1})
    run.config.b = 2
    assert run.summary["x"] == 1
    assert run.disabled
    run.finish()
    assert capsys.readouterr().err.count("nothing of this run is recorded") == 1
    assert sorted(one.name for one in place.iterdir()) == ["blocked"]


def test_the_first_disk_error_is_not_forgotten_at_the_end(start: Any, folder: Any, disk: Disk) -> None:
    run = start()
    run.log({"x": 1})
    disk.room = 0
    run.log({"x": 2})
    run.finish()
    found = Log(next(only_folder(Path(folder()).parent.parent).glob("*.wandb")))
    assert found.exit_code is None
    assert found.metrics() == [{"x": 1}]

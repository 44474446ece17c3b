"""Logs that cost much to read: sparse, of nothing but damage, without line ends. A healthy run beside them arrives, and
what reads them ends. (S5)"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.engine.choice import Choice
from runferry.engine.code_state.restore import local_code
from runferry.engine.curves import CurveReader
from runferry.engine.drop import look_at
from runferry.engine.engine import Engine
from runferry.engine.watched import WatchedFolder
from runferry.formats.detect import RunFolder, identify
from runferry.formats.legacy import LegacyReader
from runferry.wire.scanning import FILE_HEADER
from support.engines import shown, started
from support.processes import Server, python, serving, until

TRAINING = "import runferry; r = runferry.init(id={id!r}, project='p', mode='online'); r.log({{'a': 1}}); r.finish()"
HUGE = 200 << 30
MORE_THAN_WORKERS = 6


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "store") as found:
        yield found


@pytest.fixture
def engine(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    with started(server, monkeypatch) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "watched"
    made.mkdir()
    return made


def sparse(folder: Path, run: str, behind: bytes = b"") -> Path:
    """A recorded run whose log is 200 GB long and needs no room."""
    python(TRAINING.format(id=run), cwd=folder)
    (log,) = folder.glob(f"wandb/offline-run-*-{run}/*.wandb")
    try:
        os.truncate(log, HUGE)
    except OSError as error:
        pytest.skip(f"this file system takes no sparse file of 200 GB: {error}")
    with log.open("ab") as file:
        file.write(behind)
    return log


def arrives(engine: Engine, server: Server, folder: Path, seconds: float) -> None:
    """A healthy run that comes into a watched folder is delivered."""
    engine.watching.start([WatchedFolder(folder, Choice(server.url, "a test"))])
    until(lambda: len(shown(engine)) >= 1, "what is there is found")
    python(TRAINING.format(id="good"), cwd=folder)
    until(
        lambda: any((one.run_id, one.state.value) == ("good", "verified") for one in shown(engine)),
        "the good run is verified",
        timeout=seconds,
    )


def test_sparse_logs_hold_up_nobody(engine: Engine, server: Server, folder: Path) -> None:
    for number in range(2):
        sparse(folder, f"sparse{number}", behind=b"x" * number)
    arrives(engine, server, folder, 25)
    until(
        lambda: all(one.state.value == "verified" for one in shown(engine) if one.run_id.startswith("sparse")),
        "what stands in the sparse logs is sent",
        timeout=30,
    )


def test_nor_where_the_system_does_not_tell_of_holes(
    engine: Engine, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "SEEK_DATA")
    for number in range(MORE_THAN_WORKERS):
        sparse(folder, f"sparse{number}")
    arrives(engine, server, folder, 40)


def test_nor_logs_of_nothing_but_damage(engine: Engine, server: Server, folder: Path) -> None:
    noise = random.Random(1).randbytes(1 << 20)
    for number in range(MORE_THAN_WORKERS):
        run = folder / "wandb" / f"offline-run-20260101_00000{number}-noise{number}"
        run.mkdir(parents=True)
        with (run / f"run-noise{number}.wandb").open("wb") as log:
            log.write(FILE_HEADER)
            for _ in range(32):
                log.write(b"\x01" * (1 << 20) if number % 2 else noise)
    arrives(engine, server, folder, 40)


def test_everybody_who_reads_a_sparse_log_ends(engine: Engine, folder: Path) -> None:
    log = sparse(folder, "sparse", behind=b"end")
    found = identify(log.parent)
    assert isinstance(found, RunFolder)
    began = time.monotonic()
    curves = CurveReader(log, engine.permit)
    while not curves.at_end:
        curves.advance()
    assert curves.metrics() == ("a",)
    assert local_code(found, {}).run_id == "sparse"
    assert [one.rows for one in look_at(engine, [log.parent]) if one is not None and hasattr(one, "rows")][-1] == 1
    assert time.monotonic() - began < 20


def test_a_line_without_end_is_not_held_in_memory(tmp_path: Path) -> None:
    """The layout before 0.10: a history of one endless line, sparse."""
    folder = tmp_path / "run-20200101_000000-legacy1"
    folder.mkdir()
    history = folder / "wandb-history.jsonl"
    history.write_text('{"_step": 0, "_timestamp": 1.0, "loss": 1}\n')
    (folder / "wandb-metadata.json").write_text("{}")
    try:
        os.truncate(history, HUGE)
    except OSError as error:
        pytest.skip(f"this file system takes no sparse file of 200 GB: {error}")
    reader, reads = LegacyReader(history), 0
    before = threading.active_count()
    while not reader.read(4 << 20, finished=True).at_end:
        reads += 1
        assert reads < 100
    assert reader.content.rows == 1
    assert sum(gap.end - gap.start for gap in reader.content.gaps) > HUGE - (1 << 20)
    assert threading.active_count() == before

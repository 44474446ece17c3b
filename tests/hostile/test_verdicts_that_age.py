"""A verdict that ages: a log that changes after it was verified, and one that a copier writes block by block in any
order. (S12)"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.watched import WatchedFolder
from runferry.status import RunStatus
from runferry.wire.scanning import BLOCK
from support.engines import shown, started
from support.processes import Server, python, serving, until

TRAINING = """
import runferry
run = runferry.init(project="p", id="aged", mode="online")
for step in range(400):
    run.log({"loss": 1 / (step + 1), "text": "t" * 1000})
run.finish()
"""
ROWS = 400


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "store") as found:
        yield found


@pytest.fixture
def engine(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    with started(server, monkeypatch) as made:
        yield made


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A finished run that nobody watches."""
    work = tmp_path / "elsewhere"
    work.mkdir()
    python(TRAINING, cwd=work)
    return next(work.glob("wandb/offline-run-*"))


def watch(engine: Engine, server: Server, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    engine.watching.start([WatchedFolder(folder, Choice(server.url, "a test"))])


def status(engine: Engine) -> RunStatus | None:
    return next(iter(shown(engine)), None)


def is_verified(engine: Engine, rows: int) -> bool:
    found = status(engine)
    return found is not None and found.state.value == "verified" and found.rows == rows


def prefix(log: Path, size: int) -> bytes:
    return log.read_bytes()[:size]


def projects(server: Server) -> list[str]:
    """Where anything of the run was made."""
    return sorted(one.parent.name for one in server.data.glob("runs/*/*/aged"))


def history(server: Server) -> list[int]:
    (found,) = server.data.glob("runs/*/*/aged/wandb-history.jsonl")
    return [json.loads(line)["_step"] for line in found.read_text().splitlines()]


def test_a_verified_log_that_is_replaced_by_a_longer_one_is_sent_on(
    engine: Engine, server: Server, original: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "watched" / original.name
    shutil.copytree(original, folder)
    log = next(folder.glob("*.wandb"))
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) // 3])
    watch(engine, server, folder.parent)
    until(lambda: (found := status(engine)) and found.state.value == "verified", "the short one is verified")
    other = folder / "copy"
    other.write_bytes(whole)
    other.replace(log)
    until(lambda: is_verified(engine, ROWS), "the long one is verified", timeout=30)
    assert history(server) == list(range(ROWS))


@pytest.mark.parametrize("late", ["front", "middle"])
def test_a_log_that_is_copied_in_any_order_is_not_judged_before_it_is_whole(
    engine: Engine, server: Server, original: Path, tmp_path: Path, late: str
) -> None:
    folder = tmp_path / "watched" / original.name
    watch(engine, server, folder.parent)
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns("*.wandb"))
    source = next(original.glob("*.wandb")).read_bytes()
    count = len(source) // BLOCK + 1
    hole = range(2) if late == "front" else range(3, 6)
    order = [*(n for n in range(count) if n not in hole), *hole]
    with (folder / next(original.glob("*.wandb")).name).open("wb", buffering=0) as copy:
        copy.truncate(len(source))
        for number, block in enumerate(order):
            copy.seek(block * BLOCK)
            copy.write(source[block * BLOCK : (block + 1) * BLOCK])
            if number > len(order) - len(hole) - 4:  # the last parts come slowly
                engine.clock.wait(engine._changes._stopping, 0.7)
                found = status(engine)
                assert found is None or found.state.value != "verified" or number == len(order) - 1
    until(lambda: is_verified(engine, ROWS), "all of it is verified", timeout=40)
    assert projects(server) == ["p"]
    assert history(server) == list(range(ROWS))

"""What the page of a run shows: read from the log, with what the ledger knows of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import runferry
from runferry.engine import details
from runferry.engine.details import Cancelled, run_details
from runferry.engine.engine import Engine
from runferry.engine.file_states import FileState
from runferry.errors import AppError
from runferry.formats.console import Console
from runferry.formats.entries import ConsoleChunk
from runferry.metrics.sample import HostSample
from runferry.paths import Home
from runferry.settings import Settings
from runferry.state.deliverables import SentFile
from runferry.status import RunState, SyncState


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    with Engine(home, Settings(), {"WANDB_IGNORE_GLOBS": "*.pt"}) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with files of each kind, that ended."""
    data = tmp_path / "data"
    data.mkdir()
    run = runferry.init(
        dir=str(tmp_path), project="p", name="fit", config={"lr": 0.1, "deep": {"a": [1]}},
        tags=["one"], settings={"console": "off", "silent": True},
    )  # fmt: skip
    for name in ("sent.txt", "changed.txt", "due.txt", "big.pt", "gone.txt"):
        (data / name).write_text(name)
        run.save(str(data / name), base_path=str(data))
    for step in range(20):
        run.log({"loss": 1.0 / (step + 1), "nested": {"x": step}})
    run.finish()
    (found,) = (tmp_path / "wandb").glob("offline-run-*")
    (data / "gone.txt").unlink()
    (found / "files" / "gone.txt").unlink(missing_ok=True)
    return found


def test_everything_of_a_run_is_told(engine: Engine, folder: Path) -> None:
    found = run_details(engine, folder)
    assert (found.name, found.project, found.tags) == ("fit", "p", ("one",))
    assert found.config == {"lr": 0.1, "deep": {"a": [1]}}
    assert found.summary["loss"] == 1.0 / 20
    assert found.summary["nested"] == {"x": 19}
    assert (found.rows, found.last_step, found.exit_code) == (20, 19, 0)
    assert found.run_state is RunState.FINISHED
    assert found.metadata["python"]
    assert found.records["history"] == 20
    assert found.bytes == Path(found.log).stat().st_size
    assert found.deliveries == ()
    assert found.damage is None


def test_what_cannot_be_measured_is_told_with_its_reason_while_the_run_is_trained_here(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_details(engine, folder).unmeasured == {}
    host, own = HostSample(1.0, {}, {"gpu.amd": "no card"}), HostSample(1.0, {}, {"cgroup": "none"})
    collector = engine.host_metrics._collector
    monkeypatch.setattr(collector, "latest", lambda: host)
    monkeypatch.setattr(collector, "latest_of", lambda key: own if key == str(folder) else None)
    assert run_details(engine, folder).unmeasured == {"gpu.amd": "no card", "cgroup": "none"}


def test_each_file_has_its_state(engine: Engine, folder: Path) -> None:
    log = next(folder.glob("*.wandb"))
    source = engine.ledger.source("identity", "r", log)
    delivery = engine.ledger.delivery(source, engine.ledger.target("https://w.example", "e", "p", "r"))
    for name, shift in (("sent.txt", 0), ("changed.txt", 1)):
        stat = (folder / "files" / name).stat()
        engine.ledger.file_sent(delivery, SentFile(name, stat.st_size, "0" * 32, stat.st_mtime_ns - shift))
    states = {one.name: one for one in run_details(engine, folder).files}
    assert states["sent.txt"].state is FileState.SENT
    assert states["changed.txt"].state is FileState.DUE
    assert states["due.txt"].state is FileState.DUE
    assert states["due.txt"].size == 7
    assert states["big.pt"].state is FileState.KEPT
    assert "*.pt" in states["big.pt"].why
    assert states["gone.txt"].state is FileState.GONE
    assert states["config.yaml"].made


def test_what_was_verified_where(engine: Engine, folder: Path) -> None:
    log = next(folder.glob("*.wandb"))
    ledger = engine.ledger
    source = ledger.source("identity", "r", log)
    for server, state in (("https://one.example", "verified"), ("https://two.example", "sent")):
        delivery = ledger.delivery(source, ledger.target(server, "e", "p", "r"))
        ledger.acknowledge(delivery, {"history": 20, "events": 0, "console": 0}, None, {})
        ledger.update(delivery, state=state, verified_at=5.0 if state == "verified" else None, counts={"rows": 20})
    second, first = run_details(engine, folder).deliveries
    assert (first.server, first.state, first.rows_acknowledged) == ("https://one.example", SyncState.VERIFIED, 20)
    assert first.verified_at == 5.0
    assert "20 rows" in first.verified
    assert (second.state, second.verified) == (SyncState.SENT, ())


def test_the_console_is_cut_to_its_end_and_keeps_its_colours(engine: Engine, tmp_path: Path) -> None:
    lines = [f"\x1b[32mline {number}\x1b[0m" for number in range(3000)]
    console = Console()
    console.feed(ConsoleChunk(False, "\n".join(lines) + "\n", 1.0))
    source = SimpleNamespace(console=console, read=lambda: SimpleNamespace(at_end=True))
    details._read(source, 10, lambda: False)  # type: ignore[arg-type]
    kept = [one.text for one in console.lines()]
    assert kept[-10:] == lines[-10:]
    assert len(kept) < 100, "what is not shown is forgotten"


def test_a_damaged_run_says_where(engine: Engine, folder: Path) -> None:
    (log,) = folder.glob("*.wandb")
    content = bytearray(log.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = b"\xff" * 40
    log.write_bytes(content)
    damage = run_details(engine, folder).damage
    assert damage is not None
    assert damage.gaps == len(damage.details) == 1
    assert damage.bytes >= 40


def test_asking_can_be_cancelled_and_nothing_is_no_run(engine: Engine, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        run_details(engine, folder, is_cancelled=lambda: True)
    with pytest.raises(AppError) as caught:
        run_details(engine, tmp_path / "nothing")
    assert caught.value.slug == "not-a-run-missing"

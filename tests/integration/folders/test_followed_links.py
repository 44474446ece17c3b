"""Links out of a run's folder are followed where that is set for its folder, or was ticked when it was added."""

from __future__ import annotations

from pathlib import Path

import pytest

import runferry
from runferry.engine.job import SyncRequest
from runferry.status import RunStatus, SyncState
from support import stores
from support.engines import shown, started
from support.processes import Server, until


@pytest.fixture
def run(work: Path, tmp_path: Path) -> Path:
    """A finished run that saved a file which lies elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "w.pt").write_text("weights")
    made = runferry.init(project="parity", id="r", dir=str(work), settings={"console": "off", "silent": True})
    made.save(str(tmp_path / "elsewhere" / "w.pt"))
    made.log({"loss": 1})
    made.finish()
    return Path(made.dir).parent


def slug(status: RunStatus) -> str:
    return (status.error or {}).get("slug", "")


def test_by_the_setting_of_a_folder(server: Server, run: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with started(server, monkeypatch) as engine:
        engine.watching.begin()
        engine.add_folder(work, added=0.0)
        until(lambda: [slug(one) for one in shown(engine)] == ["links-left-out"], "the link is told")
        assert shown(engine)[0].state is SyncState.SENT
        engine.change_folder(work, follow_links=True)
        until(lambda: [one.state for one in shown(engine)] == [SyncState.VERIFIED], "it is followed")
    assert stores.read(server.data, "r").files["elsewhere/w.pt"] == b"weights"


def test_by_a_tick_that_is_remembered(
    server: Server, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (log,) = run.glob("*.wandb")
    with started(server, monkeypatch) as engine:
        engine.remembered.sync(SyncRequest((log,), by_hand=True))
        until(lambda: [slug(one) for one in shown(engine)] == ["links-left-out"], "the link is told")
    with started(server, monkeypatch) as engine:
        engine.remembered.begin()
        until(lambda: [slug(one) for one in shown(engine)] == ["links-left-out"], "and again")
        engine.remembered.sync(SyncRequest((log,), by_hand=True, follow_links=True))
        until(lambda: [one.state for one in shown(engine)] == [SyncState.VERIFIED], "it is followed")
    (tmp_path / "elsewhere" / "w.pt").write_text("trained on")
    with started(server, monkeypatch) as engine:
        job = engine.sync(SyncRequest((log,)))  # without the tick
        until(lambda: job.outcome(), "it is compared")
        assert [one.state for one in job.statuses()] == [SyncState.VERIFIED]
    assert stores.read(server.data, "r").files["elsewhere/w.pt"] == b"trained on"

"""`init`, `on`, `off` of a directory, obeyed by the recorder and by the app; and the `.synced` marker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import stores
from support.folders import load, logs, put
from support.processes import RUNFERRY, Server, python, runferry, started, until

NAME = "0.12.21-exit1-0"
PROJECT = "fixtures"
TRAIN = "import runferry\nwith runferry.init(id='mine') as run:\n    run.log({'x': 1})\n"


@pytest.fixture
def official(work: Path) -> Path:
    """A folder by the official client, in `work`."""
    return put(work / "wandb", load("runs-truth.json.xz")[NAME], logs("runs.tar.xz")[NAME])


def run_id() -> str:
    return str(load("runs-truth.json.xz")[NAME]["run"]["run_id"])


def test_init_names_the_project_for_recorder_and_server_for_the_app(server: Server, work: Path) -> None:
    done = runferry("init", "--project", "demo", "--server", server.url, cwd=work)
    assert done.code == 0, done.err
    assert (work / "wandb" / "settings").read_text() == "[default]\nproject = demo\n\n"
    python(TRAIN, work)
    netrc = work / "netrc"
    netrc.write_text(f"machine {server.url.partition('//')[2]}\n  login user\n  password {server.key}\n")
    done = runferry("sync", "wandb", "--json", cwd=work, NETRC=str(netrc))
    assert (done.code, done.object["project"], done.object["server"]) == (0, "demo", server.url), done.err
    assert len(stores.read(server.data, "mine", "demo").rows) == 1
    assert runferry("init", cwd=work).code == 2
    assert runferry("init", "--project", "a/b", cwd=work).code == 2


def test_runs_of_a_directory_that_is_off_wait_until_asked(server: Server, work: Path, official: Path) -> None:
    assert runferry("off", cwd=work).code == 0
    python(TRAIN, work)
    done = runferry("watch", work, "--once", **server.environ)
    assert done.code == 0, done.err
    assert not stores.runs_of(server.data)
    assert "off" in done.out + done.err
    asked = runferry("sync", official, "--json", **server.environ)
    assert asked.object["rows_sent"] > 100, asked.err
    assert stores.runs_of(server.data) == [run_id()]


def test_on_lets_a_running_watch_go_on(server: Server, work: Path, official: Path) -> None:
    assert runferry("off", work).code == 0
    with started(*RUNFERRY, "watch", work, cwd=work, log=work / "watch.log", **server.environ):

        def held() -> bool:
            found = runferry("status", "--json")
            return found.code == 0 and any("off" in one["held"] for one in json.loads(found.out)["runs"])

        until(held, "the run is held back")
        assert not stores.runs_of(server.data)
        assert runferry("on", work).code == 0
        until(lambda: stores.exists(server.data, run_id(), PROJECT), "the run is sent")


def test_a_synced_marker_is_not_believed(server: Server, work: Path, official: Path) -> None:
    log = next(official.glob("*.wandb"))
    log.with_name(log.name + ".synced").touch()
    done = runferry("sync", official, "--json", **server.environ)
    truth = load("runs-truth.json.xz")[NAME]
    assert len(stores.read(server.data, run_id(), PROJECT).rows) == truth["history"]["rows"]
    assert done.object["rows_sent"] == truth["history"]["rows"]


def test_what_the_official_client_marked_is_adopted_and_completed(
    server: Server, work: Path, official: Path, peer: Path
) -> None:
    from support.processes import run

    sent = run(peer.with_name("wandb"), "sync", official, cwd=work, timeout=120, **server.environ)
    assert sent.code == 0, sent.err
    assert next(official.glob("*.wandb.synced"))
    before = stores.read(server.data, run_id(), PROJECT).rows
    done = runferry("sync", official, "--json", **server.environ)
    assert len(before) == 120  # `wandb sync` drops what these old clients wrote behind the exit record
    assert done.object["rows_sent"] == 1, (done.object, done.err)
    after = stores.read(server.data, run_id(), PROJECT).rows
    assert (after[:120], len(after)) == (before, 121)


@pytest.mark.parametrize(("mode", "is_sent"), [("offline", True), ("online", True), ("dryrun", False)])
def test_offline_is_sent_whoever_recorded_it_and_a_dry_run_waits(
    server: Server, work: Path, mode: str, is_sent: bool
) -> None:
    python(TRAIN, work, WANDB_MODE=mode)
    done = runferry("watch", work, "--once", **server.environ)
    assert (done.code, stores.runs_of(server.data)) == (0, ["mine"] if is_sent else []), done.err
    assert ("recorded as a dry run: sent on request only" in done.out + done.err) is not is_sent
    asked = runferry("sync", work / "wandb", "--json", **server.environ)
    assert (asked.code, stores.runs_of(server.data)) == (0, ["mine"]), asked.err


def test_what_was_recorded_while_it_was_off_is_sent_once_it_is_on(server: Server, work: Path) -> None:
    assert runferry("off", cwd=work).code == 0
    python(TRAIN, work)
    assert runferry("watch", work, "--once", **server.environ).code == 0
    assert not stores.runs_of(server.data)
    assert "was off" in runferry("on", cwd=work).err
    assert runferry("watch", work, "--once", **server.environ).code == 0
    assert stores.runs_of(server.data) == ["mine"]

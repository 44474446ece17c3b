"""Every line arrives once: several servers, a second sync, a lost ledger, copies, fragments, and a watch beside."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from support import stores, training
from support.processes import RUNFERRY, Server, python, runferry, started, until


def folders(work: Path) -> list[Path]:
    """Run folders, oldest first."""
    return sorted((work / "wandb").glob("offline-run-*"))


def writes(server: Server, run_id: str) -> tuple[int, int]:
    """Identity of the history file's last change and its size: a row written again would touch it."""
    stat = (stores.read(server.data, run_id).folder / "wandb-history.jsonl").stat()
    return stat.st_mtime_ns, stat.st_size


def test_one_run_to_two_servers(server: Server, other: Server, work: Path) -> None:
    python(training.recorded(), work)
    for one in (server, other):
        done = runferry("sync", work, "--json", **one.environ)
        assert (done.code, done.object["rows_sent"]) == (0, 43), done.err
    ours, theirs = stores.read(server.data, "rich"), stores.read(other.data, "rich")
    assert len(ours.rows) == 43
    assert (ours.rows, ours.summary, ours.config, ours.console, ours.digests) == (
        theirs.rows, theirs.summary, theirs.config, theirs.console, theirs.digests,
    )  # fmt: skip


def test_a_second_sync_sends_no_row(server: Server, work: Path) -> None:
    python(training.recorded(), work)
    first = runferry("sync", work, "--json", **server.environ)
    assert (first.code, first.object["rows_sent"]) == (0, 43)
    before, stored = writes(server, "rich"), stores.read(server.data, "rich")
    second = runferry("sync", work, "--json", **server.environ)
    assert (second.code, second.object["state"], second.object["rows_sent"]) == (0, "verified", 0), second.err
    assert second.object["rows"] == 43
    assert writes(server, "rich") == before
    after = stores.read(server.data, "rich")
    assert (after.rows, after.events, after.console, after.digests, after.alerts) == (
        stored.rows, stored.events, stored.console, stored.digests, stored.alerts,
    )  # fmt: skip
    assert after.record["state"] == "finished"


def test_a_lost_ledger_adopts_what_the_server_has(server: Server, work: Path, clean_environment: Path) -> None:
    python(training.recorded(), work)
    assert runferry("sync", work, **server.environ).code == 0
    before, stored = writes(server, "rich"), stores.read(server.data, "rich")
    state = clean_environment / "runferry" / "state"
    assert state.is_dir()
    shutil.rmtree(state)
    done = runferry("sync", work, "--json", **server.environ)
    assert (done.code, done.object["state"], done.object["rows_sent"]) == (0, "verified", 0), done.err
    assert writes(server, "rich") == before
    after = stores.read(server.data, "rich")
    assert (after.rows, after.console, after.digests) == (stored.rows, stored.console, stored.digests)
    assert after.alerts == stored.alerts, "people are notified a second time"
    assert after.record["state"] == "finished"


def test_the_same_log_at_another_path_is_one_run(server: Server, work: Path) -> None:
    python(training.recorded(), work)
    assert runferry("sync", work, **server.environ).code == 0
    before, stored = writes(server, "rich"), stores.read(server.data, "rich")
    (folder,) = folders(work)
    copy = work / "elsewhere" / folder.name
    shutil.copytree(folder, copy, symlinks=True)
    done = runferry("sync", copy, "--json", **server.environ)
    assert (done.code, done.object["state"], done.object["rows_sent"]) == (0, "verified", 0), done.err
    both = runferry("sync", work, copy, "--json", **server.environ)
    assert (both.code, [one["rows_sent"] for one in both.objects]) == (0, [0, 0]), both.err
    assert writes(server, "rich") == before
    assert stores.read(server.data, "rich").console == stored.console


def test_an_old_copy_of_a_log_changes_nothing(server: Server, work: Path) -> None:
    """A snapshot from while the training ran, synced after the whole log: it is a part of what is there."""
    python(training.recorded(), work)
    (folder,) = folders(work)
    assert runferry("sync", folder, **server.environ).code == 0
    before, stored = writes(server, "rich"), stores.read(server.data, "rich")
    old = work / "backup" / folder.name
    old.mkdir(parents=True)
    log = next(folder.glob("*.wandb"))
    content = log.read_bytes()
    (old / log.name).write_bytes(content[: len(content) * 3 // 4])
    os.utime(old / log.name, (1_790_000_000, 1_790_000_000))  # nobody writes to it any more
    done = runferry("sync", old, "--json", **server.environ)
    assert done.object["rows_sent"] == 0, done.err
    assert done.object["state"] == "verified", done.err
    after = stores.read(server.data, "rich")
    assert writes(server, "rich") == before
    assert (after.console, after.summary, after.config) == (stored.console, stored.summary, stored.config)
    assert (after.record["state"], after.digests) == ("finished", stored.digests)
    whole = runferry("sync", folder, "--json", **server.environ)
    assert (whole.object["state"], whole.object["rows_sent"]) == ("verified", 0), whole.err
    assert writes(server, "rich") == before


@pytest.mark.parametrize("together", [True, False], ids=["together", "one after the other"])
def test_two_fragments_of_one_run(server: Server, work: Path, clean_environment: Path, together: bool) -> None:
    """A run that was resumed: two logs with one id. All rows once, lines without a hole."""
    python(training.short("pieces", rows=7), work)
    python(training.short("pieces", rows=5, first=7, options=", resume='allow'"), work)
    first, second = folders(work)
    for paths in [(first, second)] if together else [(first,), (second,)]:
        done = runferry("sync", *paths, "--json", **server.environ)
        assert done.code == 0, done.err
        assert {one["state"] for one in done.objects} == {"verified"}
    stored = stores.read(server.data, "pieces")
    assert sorted(row["whole"] for row in stored.rows) == list(range(12))
    assert sorted(row["_step"] for row in stored.rows) == list(range(12))
    assert sorted(text for _, text in stored.console) == sorted(f"step {number}" for number in range(12))
    again = runferry("sync", work, "--json", **server.environ)
    assert (again.code, [one["rows_sent"] for one in again.objects]) == (0, [0, 0]), again.err
    stored = stores.read(server.data, "pieces")
    assert len(stored.rows) == 12
    assert stored.record["state"] == "finished"
    assert stored.summary["whole"] == 11, "the older log's summary stands where the newer one's should"
    shutil.rmtree(clean_environment / "runferry" / "state")
    lost = runferry("sync", work, "--json", **server.environ)
    assert [(one["state"], one["rows_sent"]) for one in lost.objects] == [("verified", 0)] * 2, lost.err
    assert stores.read(server.data, "pieces").rows == stored.rows
    assert sorted(stores.read(server.data, "pieces").console) == sorted(stored.console)


LIVE = """
import pathlib, runferry, time
with runferry.init(project="parity", id="live") as run:
    for step in range(20):
        run.log({"whole": step})
        print("step", step)
    pathlib.Path("half").touch()
    while not pathlib.Path("go on").exists():
        time.sleep(0.02)
    for step in range(20, 30):
        run.log({"whole": step})
"""


def test_watch_and_sync_at_once(server: Server, work: Path) -> None:
    """A live run is watched; `sync` asks the watch, shows its progress, and ends with the run's outcome."""
    python(training.short("done"), work)
    log = work / "watch.log"
    script = work / "live.py"
    script.write_text(LIVE)
    with started(*RUNFERRY, "watch", work, cwd=work, log=log, **server.environ) as watch:
        with started(RUNFERRY[0], script, cwd=work, log=work / "live.log") as training_process:
            until((work / "half").exists, "the training is half done")
            until(
                lambda: len(stores.row_lines(server.data, "live")) == 20, f"20 rows while it trains: {log.read_text()}"
            )
            assert training_process.poll() is None
            live = next(one for one in folders(work) if one.name.endswith("-live"))
            asked = runferry("sync", live, "--json", **server.environ)
            assert (asked.object["state"], asked.object["run_state"], asked.code) == ("sent", "running", 1), asked.err
            assert asked.object["rows"] == 20
            (work / "go on").touch()
            assert training_process.wait(30) == 0
        asked = runferry("sync", *folders(work), "--json", **server.environ)
        assert asked.code == 0, asked.err
        assert {one["run_id"]: (one["state"], one["rows"]) for one in asked.objects} == {
            "done": ("verified", 5), "live": ("verified", 30),
        }  # fmt: skip
        assert watch.poll() is None
        second = runferry("watch", work, **server.environ)
        assert second.code == 1
        assert "already running" in second.err
        wrong = runferry("sync", work / "nowhere", "--json", **server.environ)
        assert (wrong.code, wrong.object["error"]["slug"]) == (2, "not-a-run")
    assert [json.loads(one)["whole"] for one in stores.row_lines(server.data, "live")] == list(range(30))
    assert len(stores.read(server.data, "done").rows) == 5


def test_a_file_that_changed_after_the_run_is_sent_again(server: Server, work: Path) -> None:
    python(training.recorded(), work)
    assert runferry("sync", work, **server.environ).code == 0
    (folder,) = folders(work)
    (saved,) = (folder / "files").rglob("now.txt")
    saved.resolve().write_text("changed afterwards\n")
    assert runferry("sync", work, **server.environ).code == 0
    stored = stores.read(server.data, "rich").folder / "files" / saved.relative_to(folder / "files")
    assert stored.read_text() == "changed afterwards\n"

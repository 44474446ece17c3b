"""Bad networks in the small: a gate between Runferry and its real server refuses, cuts off, hangs, goes and comes."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from faults.gate import LOSE_ANSWER, PASS, RESET, Gate
from faults.rig import Place, Program, results, until
from support.raw_server import reply


@pytest.fixture
def gate(place: Place) -> Iterator[Gate]:
    """A gate in front of a `runferry serve`."""
    with place.runferry("serve") as server:
        server.says("WANDB_API_KEY=")
        with Gate(place.port) as made:
            yield made


def through(place: Place, gate: Gate, *arguments: object, **environ: str) -> Program:
    """A command whose server is the gate, with the server's key."""
    key = (place.store / "key").read_text().strip()
    return place.runferry(*arguments, "--server", gate.url, **{"WANDB_API_KEY": key, **environ})


def record(place: Place, *ids: str, rows: int = 50, **environ: str) -> None:
    """Finished runs."""
    for run_id in ids:
        with place.train(run_id, rows, **environ) as training:
            assert training.wait() == 0


class Spoil:
    """Spoils the file stream requests of these numbers, counted from 1."""

    def __init__(self, what: bytes, *numbers: int) -> None:
        self._what, self._numbers, self.seen = what, numbers, 0

    def __call__(self, request: bytes) -> bytes:
        if b"/file_stream" not in request.split(b"\r\n", 1)[0]:
            return PASS
        self.seen += 1
        return self._what if self.seen in self._numbers else PASS


@pytest.mark.parametrize(
    "what",
    [RESET, LOSE_ANSWER, reply(503), reply(429, b"{}", "Retry-After: 1")],
    ids=["reset", "answer-lost", "503", "429"],
)
def test_a_long_log_cut_off_in_the_middle(place: Place, gate: Gate, what: bytes) -> None:
    record(place, "long", rows=9000, PADDING="2000")  # 18 MB: five parts, each sent while the next one is read
    gate.policy = spoil = Spoil(what, 2, 4)
    with through(place, gate, "sync", place.runs, "--json") as sync:
        assert sync.wait(120) == 0, sync.err
    assert spoil.seen > 5
    assert place.values("long") == list(range(9000))
    (result,) = results(sync)
    assert (result["state"], result["rows"], result["rows_sent"]) == ("verified", 9000, 9000)


def refusing(request: bytes, *, run: bytes, answer: bytes) -> bytes:
    """Spoils the requests in which a run is named."""
    return answer if run in request else PASS


def test_a_refused_key_ends_sync_with_1(place: Place, gate: Gate) -> None:
    """With more runs than threads: those that never had a turn end, too."""
    ids = [f"run{number}" for number in range(9)]
    record(place, *ids, rows=3)
    gate.policy = lambda request: reply(401)
    with through(place, gate, "sync", place.runs, "--json") as sync:
        assert sync.wait(30) == 1
    assert {one["error"]["slug"] for one in results(sync)} == {"key-refused"}
    assert len(results(sync)) == len(ids)
    assert sync.err.count("The key for this server was refused. ") == 1, sync.err


GRAPHQL_ERROR = reply(200, json.dumps({"data": None, "errors": [{"message": "no such thing for you"}]}).encode())


@pytest.mark.parametrize("answer", [reply(403), GRAPHQL_ERROR], ids=["403", "graphql-error"])
def test_one_refused_run_holds_up_no_other(place: Place, gate: Gate, answer: bytes) -> None:
    record(place, "good1", "refused", "good2", rows=20)
    gate.policy = lambda request: refusing(request, run=b"refused", answer=answer)
    with through(place, gate, "sync", place.runs, "--json") as sync:
        assert sync.wait(30) == 1, sync.err
    states = {one["run_id"]: one["state"] for one in results(sync)}
    assert states == {"good1": "verified", "refused": "problem", "good2": "verified"}


def test_logs_that_cannot_be_read_hold_up_no_other(place: Place, gate: Gate) -> None:
    record(place, "good", rows=20)
    good = place.run_folder("good")
    whole = (good / "run-good.wandb").read_bytes()
    for run_id, content in {"empty": b"", "header": whole[:7]}.items():
        folder = good.with_name(good.name.replace("good", run_id))
        folder.mkdir()
        (folder / f"run-{run_id}.wandb").write_bytes(content)
        os.utime(folder / f"run-{run_id}.wandb", (1e9, 1e9))
    unreadable = good.with_name(good.name.replace("good", "bad"))
    unreadable.mkdir()
    (unreadable / "run-bad.wandb").symlink_to("/proc/self/mem")  # opens, and cannot be read
    legacy = good.with_name("dryrun-20200101_000000-old")
    legacy.mkdir()
    (legacy / "wandb-history.jsonl").write_text("{}\n")
    with through(place, gate, "sync", place.runs, "--json") as sync:
        assert sync.wait(60) == 1, sync.err
    told = {Path(one["path"]).name.split("-")[-1]: one for one in results(sync)}
    assert told["good"]["state"] == "verified"
    assert told["bad"]["state"] == "problem"
    assert told["old"]["state"] == "verified"
    for run_id in ("empty", "header"):
        assert told[run_id]["error"]["slug"] == "log-empty"
        assert not place.server_dir(run_id, "uncategorized").exists()


OUTAGES = {
    "503": reply(503),
    "reset": RESET,
    "429": reply(429, b"{}", "Retry-After: 1"),
    "portal": reply(200, b"<html>"),
}


@pytest.mark.parametrize("name", OUTAGES)
def test_a_server_that_goes_and_comes_back(place: Place, gate: Gate, name: str) -> None:
    """Down at the start, and again in the middle: W&B's words once for each outage, and every row once."""
    gate.policy = lambda request: OUTAGES[name]
    with place.train("live", 600, 0.01) as training, through(place, gate, "watch", place.runs) as watch:
        watch.says("entering retry loop")
        time.sleep(1)
        gate.policy = lambda request: PASS
        watch.says("Network error resolved after")
        until(lambda: len(place.values("live")) > 20)
        gate.policy = lambda request: OUTAGES[name]
        until(lambda: watch.err.count("entering retry loop") == 2)
        time.sleep(1)
        gate.policy = lambda request: PASS
        assert training.wait() == 0
        watch.says("600 rows verified")
        assert watch.err.count("Network error (") == watch.err.count("Network error resolved") == 2, watch.err
        assert watch.end()[0] == 0
    assert place.values("live") == list(range(600))


def test_a_server_that_is_gone_for_a_while(place: Place) -> None:
    """The process on its port ends, and another one is started there."""
    with ExitStack() as stack:
        server = stack.enter_context(place.runferry("serve", name="serve1"))
        server.says("WANDB_API_KEY=")
        key = (place.store / "key").read_text().strip()
        url = f"http://127.0.0.1:{place.port}"
        training = stack.enter_context(place.train("live", 500, 0.01))
        watch = stack.enter_context(place.runferry("watch", place.runs, "--server", url, WANDB_API_KEY=key))
        until(lambda: len(place.values("live")) > 20)
        server.kill()
        watch.says("entering retry loop")
        again = stack.enter_context(place.runferry("serve", name="serve2"))
        again.says("WANDB_API_KEY=")
        watch.says("Network error resolved after")
        assert training.wait() == 0
        watch.says("500 rows verified")
        assert watch.end()[0] == 0
        assert again.process.poll() is None
    assert place.values("live") == list(range(500))


def test_an_unknown_host_is_tried_again(place: Place) -> None:
    record(place, "one", rows=3)
    with place.runferry("sync", place.runs, "--server", "http://nobody.invalid", WANDB_API_KEY="k" * 40) as sync:
        sync.says("entering retry loop")
        time.sleep(2)
        assert sync.process.poll() is None
        assert sync.end(signal.SIGINT)[0] == 130
    assert sync.err.count("entering retry loop") == 1
    assert "Cannot find" in sync.err
    assert "Traceback" not in sync.err


def test_a_log_that_is_cut_or_replaced_while_it_is_followed(place: Place, gate: Gate) -> None:
    """What the server has stays; a log of another run in its place comes behind; nothing crashes."""
    with through(place, gate, "watch", place.runs) as watch, place.train("live", pause=0.01) as training:
        until(lambda: len(place.values("live")) > 20)
        training.process.send_signal(signal.SIGSTOP)
        log = place.run_folder("live") / "run-live.wandb"
        until(lambda: len(place.values("live")) >= training.steps)
        before = place.values("live")
        os.truncate(log, log.stat().st_size // 2)
        time.sleep(1.5)
        training.kill()
        watch.says("crashed")
        assert place.values("live") == before
        assert "Traceback" not in watch.err
        assert "bug" not in (place.home / "logs" / "runferry.log").read_text()
        assert watch.end()[0] == 0


def test_uploads_that_fail_are_no_outage(place: Place, gate: Gate) -> None:
    """Rows go on, other runs are verified, and nothing is said of a network that is fine."""
    record(place, "one", rows=20)
    failing = [True]
    gate.policy = lambda request: reply(503) if request.startswith(b"PUT") and failing[0] else PASS
    with through(place, gate, "sync", place.runs, "--json") as sync:
        until(lambda: any(request.startswith(b"PUT") for request in gate.requests))
        time.sleep(2)
        failing[0] = False
        assert sync.wait(30) == 0, sync.err
    assert "entering retry loop" not in sync.err

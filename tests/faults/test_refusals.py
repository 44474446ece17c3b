"""Servers that take some things and refuse others: everything else goes on, and nothing refused is called synced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from faults.gate import PASS, Gate
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
    for run_id in ids:
        with place.train(run_id, rows, **environ) as training:
            assert training.wait() == 0


def status(place: Place) -> dict[str, Any]:
    with place.runferry("status", "--json", name="status-now") as asked:
        assert asked.wait() == 0
        return dict(json.loads(asked.out.splitlines()[-1]))


def test_requests_that_are_too_large_are_cut(place: Place, gate: Gate) -> None:
    record(place, "cut", rows=400, PADDING="1000")

    def policy(request: bytes) -> bytes:
        return reply(413) if b"/file_stream" in request.split(b"\r\n", 1)[0] and len(request) > 50_000 else PASS

    gate.policy = policy
    with through(place, gate, "sync", place.runs, "--json") as sync:
        assert sync.wait() == 0, sync.err
    assert results(sync)[0]["state"] == "verified"
    assert place.values("cut") == list(range(400))


def test_one_row_that_is_too_large_is_set_aside(place: Place, gate: Gate) -> None:
    record(place, "fat", rows=30, PADDING="3000")

    def policy(request: bytes) -> bytes:
        is_rows = b"/file_stream" in request.split(b"\r\n", 1)[0]
        return reply(413) if is_rows and re.search(rb'\\"value\\":\s*17\D', request) and b"padding" in request else PASS

    gate.policy = policy
    with through(place, gate, "sync", place.runs, "--json") as sync:
        assert sync.wait() == 1, sync.err
    (result,) = results(sync)
    assert result["state"] == "sent"
    message = result["error"]["message"]
    assert re.search(r"1 line is .*: history line 18, step 17, 3\.\d kB, most of it in 'padding'\.", message), message
    assert "most of it in 'padding'" in sync.err  # and to people
    values = place.values("fat")
    assert [value for value in values if value is not None] == [step for step in range(30) if step != 17]
    assert len(values) == 30  # its place is kept


def test_a_fault_for_one_run_holds_up_no_other(place: Place, gate: Gate) -> None:
    record(place, "good", "bad", "fine")
    gate.policy = lambda request: reply(500) if b"/bad/file_stream" in request.split(b"\r\n", 1)[0] else PASS
    with through(place, gate, "sync", place.runs) as sync:
        until(lambda: place.values("good") == place.values("fine") == list(range(50)), 20, "the others")
        told = until(lambda: [one for one in status(place)["runs"] if one["run_id"] == "bad" and one["error"]], 10)
        assert told[0]["state"] == "retrying"
        assert {one["state"] for one in status(place)["servers"] if one["url"] == gate.url} == {"online"}
        assert "retry loop" not in sync.err
        gate.policy = lambda request: PASS
        assert sync.wait() == 0, sync.err
    assert place.values("bad") == list(range(50))


def test_a_host_for_files_that_is_away_does_not_stop_the_rows(place: Place, gate: Gate) -> None:
    record(place, "files")
    gate.policy = lambda request: PASS
    away = {"is": True}

    class Redirecting(Gate):
        def _forward(self, request: bytes) -> bytes:
            answer = super()._forward(request)
            if not away["is"] or b'"uploadUrl"' not in answer:
                return answer
            head, _, body = answer.partition(b"\r\n\r\n")
            body = re.sub(rb'"uploadUrl":\s*"[^"]*"', b'"uploadUrl":"http://files.invalid/put"', body)
            head = re.sub(rb"(?i)content-length: \d+", b"Content-Length: %d" % len(body), head)
            return head + b"\r\n\r\n" + body

    with Redirecting(place.port) as other, through(place, other, "sync", place.runs, "--json") as sync:
        until(
            lambda: (place.server_dir("files") / "run.json").exists() and len(place.values("files")) == 50, 20, "rows"
        )
        told = until(lambda: [one for one in status(place)["runs"] if one["error"]], 20)
        assert "files.invalid" in told[0]["error"]["message"]
        assert told[0]["state"] == "retrying"
        assert {one["state"] for one in status(place)["servers"] if one["url"] == other.url} == {"online"}
        away["is"] = False
        assert sync.wait() == 0, sync.err


def test_pause_and_resume(place: Place, gate: Gate) -> None:
    with through(place, gate, "watch", place.runs) as watch:
        record(place, "one")
        until(lambda: place.values("one") == list(range(50)), 30, "the first run")
        with place.runferry("pause") as pause:
            assert pause.wait() == 0, pause.err
        until(lambda: [one["state"] for one in status(place)["servers"]] == ["paused"], 10)
        with place.runferry("status") as shown:
            assert shown.wait() == 0, shown.err
            assert shown.out.startswith("Everything is paused until `runferry resume`."), shown.out
        seen = len(gate.requests)
        record(place, "two")
        until(lambda: [one for one in status(place)["runs"] if one["run_id"] == "two"], 20, "the second is known")
        assert place.values("two") == []
        assert len(gate.requests) == seen
        with place.runferry("resume") as again:
            assert again.wait() == 0, again.err
            assert "Resumed." in again.err
        until(lambda: place.values("two") == list(range(50)), 30, "the second run")
        assert watch.process.poll() is None

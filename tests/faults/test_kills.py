"""SIGKILL at random moments of trainings, of `runferry watch` and of the local server; seeds are printed.

What counts is what the server's files hold: each logged row once, in order.
"""

from __future__ import annotations

import json
import random
import signal
import socket
import time
from contextlib import ExitStack

import pytest

from faults.rig import IS_LONG, Place, results, until

pytestmark = pytest.mark.kill


def test_a_killed_training_keeps_every_row_that_it_logged(place: Place) -> None:
    """`log` came back: the row is on the server. One more may be: it was written, and then came the kill."""
    seed = random.randrange(1_000_000)
    print("seed", seed)
    chance = random.Random(seed)
    logged = {}
    for number in range(40 if IS_LONG else 5):
        run_id = f"killed{number}"
        with place.train(run_id, pause=chance.choice([0.0, 0.0, 0.001])) as training:
            until(lambda one=training: one.steps > 0)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.3))
            training.kill()
            logged[run_id] = training.steps
    with place.runferry("sync", place.runs, "--server", "local", "--json") as sync:
        assert sync.wait(120) == 0, sync.err
    for run_id, steps in logged.items():
        values = place.values(run_id)
        assert values == list(range(len(values))), (seed, run_id)
        assert len(values) - steps in (0, 1), (seed, run_id, steps)
        record = json.loads((place.server_dir(run_id) / "run.json").read_text())
        assert record["exit_code"] == 1
    assert {(one["state"], one["run_state"]) for one in results(sync)} == {("verified", "crashed")}
    print(f"{len(logged)} trainings killed, {sum(logged.values())} rows logged, all on the server")


@pytest.mark.timeout(400)
def test_watch_and_server_are_killed_again_and_again(place: Place) -> None:
    seed = random.randrange(1_000_000)
    print("seed", seed)
    chance = random.Random(seed)
    kills = {"watch": 0, "server": 0, "both": 0}
    rounds, ids = (30 if IS_LONG else 3), ["one", "two", "three"]
    with ExitStack() as stack:
        rows = 200 * rounds
        trainings = [stack.enter_context(place.train(run_id, rows, 0.005)) for run_id in ids]
        for number in range(rounds):
            with place.runferry("watch", place.runs, "--server", "local", name=f"watch{number}") as watch:
                watch.says("The local server answers")
                time.sleep(chance.uniform(0, 1.5))
                what = chance.choice(list(kills))
                if what == "server":
                    place.kill_server()
                    time.sleep(chance.uniform(0, 1.5))
                elif what == "both" and chance.random() < 0.5:
                    place.kill_server()
                watch.kill()
                if what == "both":
                    place.kill_server()
                kills[what] += 1
                assert "Traceback" not in watch.err, watch.err
        for training in trainings:
            assert training.wait(120) == 0
        with place.runferry("watch", place.runs, "--server", "local", name="watch-last") as watch:
            for _ in ids:
                watch.says(f"{rows:,} rows verified", 60)
            until(lambda: watch.err.count("rows verified") == len(ids), 60)
            assert watch.end()[0] in (0, 130)
    for run_id in ids:
        assert place.values(run_id) == list(range(rows)), (seed, run_id)
    assert place.leftovers() == []
    print(f"{kills}, {3 * rows} rows, each on the server once")


def test_the_local_server_dies_while_watch_runs(place: Place) -> None:
    """It is started again at once, on another port where its own was taken meanwhile; the rows go on."""
    with place.train("live", pause=0.01) as training, place.runferry("watch", place.runs, "--server", "local") as watch:
        until(lambda: len(place.values("live")) > 20)
        print("seconds until rows came again:", round(dies(place), 2), round(dies(place), 2))
        watch.process.send_signal(signal.SIGSTOP)
        place.kill_server()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", place.port))
            watch.process.send_signal(signal.SIGCONT)
            print("on another port:", round(dies(place, kill=False), 2))
            training.kill()
            watch.says("rows verified")
        assert watch.err.count("entering retry loop") == watch.err.count("Network error resolved")
        assert watch.end()[0] in (0, 130)
    values = place.values("live")
    assert values == list(range(len(values)))
    assert len(values) - training.steps in (0, 1)
    assert place.leftovers() == []


def dies(place: Place, kill: bool = True) -> float:
    """Seconds from the server's end until rows come again."""
    if kill:
        assert place.kill_server()
    before, started = len(place.values("live")), time.monotonic()
    until(lambda: len(place.values("live")) > before, 20)
    return time.monotonic() - started


def test_a_local_server_that_dies_unused_is_started_again(place: Place) -> None:
    with place.runferry("watch", place.runs, "--server", "local") as watch:
        watch.says("Press Ctrl+C")
        old = place.server_pid()
        assert place.kill_server()
        until(lambda: place.server_pid() not in (0, old), 10)
        assert watch.end()[0] in (0, 130)
    assert place.leftovers() == []

"""Ctrl+C and SIGTERM: over at once, without a traceback, and without a process left behind.

The time is printed. It is bounded far above what a quiet machine needs, and far below every network time limit, so
that waiting for one of those is found and a busy machine is not.
"""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack

import pytest

from faults.gate import HANG, PASS, Gate
from faults.rig import Place, until

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
SOON = 20.0  # seconds


@SIGNALS
def test_watch_ends_with_the_server_that_it_started(place: Place, number: int) -> None:
    with place.train("live", pause=0.01), place.runferry("watch", place.runs, "--server", "local") as watch:
        until(lambda: len(place.values("live")) > 5)
        code, took = watch.end(number)
    assert (code, "Traceback" in watch.err) == (0, False), watch.err
    print(f"ended after {took:.2f} s")
    assert took < SOON
    assert place.leftovers() == []


@SIGNALS
def test_watch_ends_while_it_starts(place: Place, number: int) -> None:
    with place.runferry("watch", place.runs, "--server", "local") as watch:
        watch.says("Server: this computer")
        code, took = watch.end(number)
    assert "Traceback" not in watch.err, watch.err
    assert code in (0, 130)
    print(f"ended after {took:.2f} s")
    assert took < SOON
    assert place.leftovers() == []


@pytest.mark.parametrize("gap", [0.0003, 0.0006, 0.001, 0.01, 0.05])
@SIGNALS
def test_a_second_signal_does_not_break_off_the_ending(place: Place, number: int, gap: float) -> None:
    """`timeout` sends one to its child and one to the group; whoever is impatient presses Ctrl+C again."""
    with place.runferry("watch", place.runs, "--server", "local") as watch:
        watch.says("Press Ctrl+C")
        watch.process.send_signal(number)
        time.sleep(gap)  # no luck: a moment within the ending, whichever it is
        code, took = watch.end(number)
    assert (code, "Traceback" in watch.err, "ended without" in watch.err) == (0, False, False), watch.err
    assert took < SOON
    assert place.leftovers() == []


def test_a_server_that_ran_before_stays(place: Place) -> None:
    with place.runferry("serve") as server:
        server.says("WANDB_API_KEY=")
        with place.runferry("watch", place.runs, "--server", "local") as watch:
            watch.says("Press Ctrl+C")
            assert watch.end()[0] == 0
        assert server.process.poll() is None


@SIGNALS
def test_serve_ends(place: Place, number: int) -> None:
    with place.runferry("serve") as server:
        server.says("WANDB_API_KEY=")
        code, took = server.end(number)
    assert (code, "Traceback" in server.err) == (0, False), server.err
    print(f"ended after {took:.2f} s")
    assert took < SOON


@SIGNALS
def test_sync_ends_while_its_server_hangs(place: Place, number: int) -> None:
    with place.train("one", 20) as training:
        assert training.wait() == 0
    with ExitStack() as stack:
        gate = stack.enter_context(Gate(policy=lambda request: HANG if b"/graphql" in request else PASS))
        sync = stack.enter_context(place.runferry("sync", place.runs, "--server", gate.url, WANDB_API_KEY="k" * 40))
        until(lambda: any(b"/graphql" in request for request in gate.requests))
        code, took = sync.end(number)
    assert "Traceback" not in sync.err, sync.err
    assert code == 130
    print(f"ended after {took:.2f} s")
    assert took < SOON

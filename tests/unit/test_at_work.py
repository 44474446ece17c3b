"""Turns of work: which get on, which do not, and which only slept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from runferry.at_work import ASLEEP, PATIENCE, AtWork, helping, made_progress, stacks


class Time:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_turn_without_progress_is_stuck_and_one_with_it_is_not() -> None:
    time = Time()
    at_work = AtWork(time)
    with at_work.turn("reading", "run-a.wandb"):
        time.now += PATIENCE
        assert at_work.stuck() == []
        time.now += 1
        (found,) = at_work.stuck()
        assert (found.part, found.what, found.threads) == ("reading", "run-a.wandb", (threading.get_ident(),))
        assert found.seconds == PATIENCE + 1
        made_progress()
        assert at_work.stuck() == []
        assert at_work.under_way() == ["reading (run-a.wandb)"]
    time.now += 2 * PATIENCE
    assert at_work.stuck() == []  # who does nothing is not stuck


def test_a_slow_request_within_its_timeout_is_no_alarm() -> None:
    time = Time()
    at_work = AtWork(time)
    at_work.patience = 600.0
    with at_work.turn("delivering a run"):
        for _ in range(20):
            time.now += 599
            assert at_work.stuck() == []
            made_progress()


def test_progress_of_a_helper_counts_for_who_waits_for_it() -> None:
    time = Time()
    at_work = AtWork(time)

    def send() -> tuple[int, ...]:
        time.now += PATIENCE + 1
        (found,) = at_work.stuck()
        made_progress()
        assert at_work.stuck() == []
        return found.threads

    with ThreadPoolExecutor(1) as pool, at_work.turn("delivering a run"):
        threads = pool.submit(helping(send)).result()
        assert len(threads) == 2
        time.now += PATIENCE + 1
        assert len(at_work.stuck()[0].threads) == 1
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(helping(lambda: "alone")).result() == "alone"


def test_a_turn_inside_a_turn_is_progress_of_the_outer_one() -> None:
    time = Time()
    at_work = AtWork(time)
    with at_work.turn("outer"):
        time.now += PATIENCE - 1
        with at_work.turn("inner"):
            pass
        time.now += PATIENCE - 1
        assert at_work.stuck() == []
        made_progress()  # of the outer one again
        time.now += PATIENCE + 1
        assert [one.part for one in at_work.stuck()] == ["outer"]


def test_what_slept_is_not_stuck() -> None:
    time = Time()
    at_work = AtWork(time)
    with at_work.turn("reading"):
        at_work.look()
        time.now += max(ASLEEP, PATIENCE) + 1  # nobody looked for so long: the process stood still
        assert at_work.look() == []
        for _ in range(50):
            time.now += 5
            found = at_work.look()
        assert [one.part for one in found] == ["reading"]


def test_stacks_show_where_threads_stand() -> None:
    free = threading.Event()

    def where_it_stands() -> None:
        free.wait()

    thread = threading.Thread(target=where_it_stands, name="stuck-one")
    thread.start()
    try:
        assert thread.ident is not None
        told = stacks((thread.ident, 12345))
        assert told.startswith(f"Thread stuck-one ({thread.ident})")
        assert "where_it_stands" in told
        assert "MainThread" in told
        assert "MainThread" not in stacks((thread.ident,), are_all=True)
    finally:
        free.set()
        thread.join()

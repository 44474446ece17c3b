"""Who computes stands still while the window draws, and not for ever."""

import threading

from runferry import right_of_way
from runferry.right_of_way import Turns


def test_gives_way_until_the_window_is_done() -> None:
    passed = threading.Event()

    def compute() -> None:
        right_of_way.give_way()
        passed.set()

    thread = threading.Thread(target=compute)
    with right_of_way.first(), right_of_way.first():
        pass
    with right_of_way.first():
        with right_of_way.first():  # nested: the outer one still lasts after it
            pass
        began = not right_of_way._free.is_set()
        thread.start()
    thread.join()
    assert began
    assert passed.is_set()


def test_goes_on_though_the_window_never_ends() -> None:
    thread = threading.Thread(target=right_of_way.give_way)
    with right_of_way.first():
        thread.start()
        thread.join(30)  # far longer than `LONGEST`
        assert not thread.is_alive()


def test_is_given_back_after_an_error() -> None:
    try:
        with right_of_way.first():
            raise ValueError
    except ValueError:
        pass
    assert right_of_way._free.is_set()


def test_turns_are_handed_over_in_order_though_one_asks_again_at_once() -> None:
    turns, order, begun = Turns(), [], []
    ends = threading.Event()

    def greedy() -> None:
        while not ends.is_set():
            with turns:
                order.append("greedy")

    def patient() -> None:
        begun.append(len(order))
        with turns:
            order.append("patient")

    one = threading.Thread(target=greedy)
    one.start()
    try:
        for _ in range(50):
            other = threading.Thread(target=patient)
            other.start()
            other.join(10)
            assert not other.is_alive()
    finally:
        ends.set()
        one.join()
    assert order.count("patient") == 50
    with turns:
        assert not turns.acquire(blocking=False)
        assert not turns.acquire(timeout=0.01)
    assert turns.acquire(blocking=False)
    turns.release()


def test_who_gives_up_waiting_is_passed_over() -> None:
    turns, came = Turns(), threading.Event()
    turns.acquire()
    assert not turns.acquire(timeout=0.01)
    waits = threading.Thread(target=lambda: (turns.acquire(), came.set(), turns.release()))
    waits.start()
    turns.release()
    assert came.wait(10)
    waits.join()


def test_who_is_stuck_keeps_nobody_for_good() -> None:
    turns, free, order = Turns(longest=0.2), threading.Event(), []

    def stands_still() -> None:
        with turns:
            order.append("stuck")
            free.wait()
        order.append("free")

    def works(name: int) -> None:
        with turns:
            order.append(name)

    stuck = threading.Thread(target=stands_still)
    stuck.start()
    others = [threading.Thread(target=works, args=(number,)) for number in range(5)]
    for one in others:
        one.start()
    for one in others:
        one.join(10)
    assert sorted(order[1:]) == list(range(5))
    with turns:
        free.set()
        stuck.join()
        assert not turns.acquire(blocking=False)  # what the stuck one gives back is not his any more
    assert turns.acquire(blocking=False)
    turns.release()

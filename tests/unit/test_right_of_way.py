"""Who computes stands still while the window draws, and not for ever."""

import threading

from runferry import right_of_way


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

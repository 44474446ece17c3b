"""Work off the window's thread: results and failures come back to it, and nothing comes after the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from runferry.desktop.tasks import WORKERS, Tasks
from runferry.errors import AppError, PermanentError


@pytest.fixture
def tasks(qtbot: QtBot) -> Iterator[Tasks]:
    made = Tasks()
    made.start()
    yield made
    made.stop()


def test_work_is_done_elsewhere_and_answered_here(qtbot: QtBot, tasks: Tasks) -> None:
    answers: list[tuple[threading.Thread, threading.Thread]] = []
    tasks.run(threading.current_thread, lambda worker: answers.append((worker, threading.current_thread())))
    assert tasks.open == 1
    qtbot.waitUntil(lambda: bool(answers), timeout=5000)
    worker, here = answers[0]
    assert worker is not here
    assert here is threading.current_thread()
    assert tasks.open == 0


def test_a_failure_goes_to_whoever_asked(qtbot: QtBot, tasks: Tasks) -> None:
    asked, general = [], []
    tasks.failed.connect(general.append)
    error = PermanentError("scripted", "Title", "message", "todo")

    def fail() -> None:
        raise error

    tasks.run(fail, lambda _: pytest.fail("there is no result"), asked.append)
    qtbot.waitUntil(lambda: asked == [error], timeout=5000)
    tasks.run(fail)
    qtbot.waitUntil(lambda: general == [error], timeout=5000)


def test_a_bug_is_logged_and_told_as_one(qtbot: QtBot, tasks: Tasks, caplog: pytest.LogCaptureFixture) -> None:
    told: list[AppError] = []
    tasks.failed.connect(told.append)
    tasks.run(lambda: {}["missing"])
    qtbot.waitUntil(lambda: bool(told), timeout=5000)
    assert told[0].slug == "bug"
    assert "missing" in told[0].message
    assert "Traceback" in caplog.text


def test_stop_waits_for_what_runs_and_drops_the_rest(qtbot: QtBot, tasks: Tasks) -> None:
    begun, free, done, answers = threading.Semaphore(0), threading.Event(), [], []

    def work() -> None:
        begun.release()
        free.wait(20)
        done.append(1)

    for _ in range(WORKERS * 3):
        tasks.run(work, answers.append)
    for _ in range(WORKERS):
        assert begun.acquire(timeout=10)
    pool = tasks._pool
    assert pool is not None

    def let_go() -> None:
        """Once the rest was dropped: else a thread that is let go takes the next one."""
        deadline = time.monotonic() + 10
        while not (pool._shutdown and pool._work_queue.qsize() <= 1) and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        free.set()

    stopper = threading.Thread(target=let_go)
    stopper.start()
    tasks.stop()
    stopper.join()
    QCoreApplication.sendPostedEvents()
    assert len(done) == WORKERS
    assert not answers
    tasks.run(work, answers.append)  # the window is closing: nothing happens
    assert not begun.acquire(blocking=False) or len(done) > WORKERS


def test_the_end_does_not_wait_for_what_was_asked_of_others(qtbot: QtBot, tasks: Tasks) -> None:
    """A server that says nothing, a keyring whose password nobody types."""
    begun, answer, answers = threading.Event(), threading.Event(), []
    askers: list[threading.Thread] = []

    def ask() -> bool:
        askers.append(threading.current_thread())
        begun.set()
        return answer.wait(20)

    tasks.ask(ask, answers.append, answers.append)
    assert begun.wait(10)
    tasks.stop()
    assert askers[0].is_alive()  # and yet the end is over
    assert askers[0].daemon  # the process does not wait for it either
    answer.set()
    askers[0].join(10)
    assert not askers[0].is_alive()
    QCoreApplication.sendPostedEvents()
    assert not answers


def test_the_end_gives_answers_that_are_on_their_way_a_moment(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runferry.desktop.tasks.GRACE", 20.0)
    begun, done = threading.Event(), []

    def ask() -> None:
        begun.wait(10)
        done.append(1)

    tasks.ask(ask)
    begun.set()
    tasks.stop()
    assert done == [1]


def test_answers_and_failures_of_others_come_back_as_those_of_work(qtbot: QtBot, tasks: Tasks) -> None:
    answers: list[object] = []
    error = PermanentError("scripted", "Title", "message", "todo")

    def fail() -> None:
        raise error

    tasks.ask(lambda: 7, answers.append)
    qtbot.waitUntil(lambda: answers == [7], timeout=5000)
    tasks.ask(fail, None, answers.append)
    qtbot.waitUntil(lambda: answers == [7, error], timeout=5000)
    assert tasks.open == 0


def test_a_thousand_small_tasks_are_all_answered(qtbot: QtBot, tasks: Tasks) -> None:
    found: list[int] = []
    for number in range(1000):
        tasks.run(lambda number=number: number, found.append)
    qtbot.waitUntil(lambda: len(found) == 1000, timeout=20_000)
    assert sorted(found) == list(range(1000))
    assert tasks.open == 0


def test_a_widget_that_is_gone_gets_no_answer(qtbot: QtBot, tasks: Tasks) -> None:
    """A sheet that was closed while its work was under way."""
    answers: list[str] = []

    class Asking(QObject):
        def take(self, answer: object) -> None:
            answers.append(self.objectName())

    gone, there = Asking(), Asking()
    tasks.run(lambda: 1, gone.take, gone.take)
    tasks.run(lambda: 1, there.take)
    delete(gone)
    qtbot.waitUntil(lambda: tasks.open == 0, timeout=5000)
    assert answers == [""]


def test_an_answer_for_a_widget_that_is_gone_is_dropped(qtbot: QtBot, tasks: Tasks) -> None:
    """Whoever takes it may be a function that only remembers the widget."""
    label, free = QLabel("waiting"), threading.Event()
    tasks.run(lambda: free.wait(10), lambda _: label.setText("done"))
    delete(label)
    free.set()
    qtbot.waitUntil(lambda: tasks.open == 0, timeout=5000)

"""Work that may take a moment (disk, network, keyring) on threads of its own; the result comes back to the window.

Nothing that the window does may block its thread; nothing that these threads do may touch a widget. The end of the app
waits for work on this computer, never for the network or a keyring: who may never answer is asked by `ask`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from runferry.at_work import AT_WORK
from runferry.errors import AppError, PermanentError
from runferry.right_of_way import first

log = logging.getLogger(__name__)

T = TypeVar("T")
WORKERS = 4
LONGEST = 5.0  # seconds at the end of the app for work on this computer: a disk may not answer
GRACE = 0.5
"""Seconds at the end of the app for others' answers: a server that is there has given its own by then."""


class Tasks(QObject):
    """Runs callables off the window's thread. Made and used on that thread; `start` before use, `stop` at the end."""

    failed = Signal(object)  # AppError of work whose caller has no answer of its own to failures
    _done = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool: ThreadPoolExecutor | None = None
        self._asking: list[threading.Thread] = []
        self._under_way: list[Future[Any]] = []
        self._ending = threading.Lock()  # held while an answer is handed over: after `stop` nothing is
        self._open = 0
        self._done.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Ready for work."""
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="window-task")

    def stop(self) -> None:
        """No further results are delivered; work in hand is waited for unless it is stuck, what has not begun dropped.

        What was asked of others is left to itself after a moment: its thread ends with the answer, or with the process.
        """
        with self._ending:
            pool, self._pool = self._pool, None
            self._open = 0
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
            _, stuck = wait(self._under_way, LONGEST)
            if stuck:
                log.warning("%d tasks of the window do not end; they are left behind", len(stuck))
            else:
                pool.shutdown()
        self._under_way = []
        end = time.monotonic() + GRACE
        for thread in self._asking:
            thread.join(max(end - time.monotonic(), 0))
        left = sum(thread.is_alive() for thread in self._asking)
        self._asking = []
        if left:
            log.info("%d questions to servers or the keyring are left without an answer", left)

    @property
    def open(self) -> int:
        """How many results are still to come; for tests, which wait until it is 0."""
        return self._open

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None] | None = None,
        failed: Callable[[AppError], None] | None = None,
    ) -> None:
        """Do `work` elsewhere, then call `then` with its result, or `failed` with why there is none, here.

        After `stop` nothing happens any more: the window is closing. A method of a widget that is gone is not called.
        """
        if self._pool is not None:
            self._open += 1
            future = self._pool.submit(_in_turn, work)
            self._under_way = [one for one in self._under_way if not one.done()]
            self._under_way.append(future)
            future.add_done_callback(self._hand_over((then, failed)))

    def ask(
        self,
        work: Callable[[], T],
        then: Callable[[T], None] | None = None,
        failed: Callable[[AppError], None] | None = None,
    ) -> None:
        """As `run`, for work that waits for a server or a keyring: the end of the app does not wait for it.

        It may therefore end with the process at any point, and must not leave anything half done that matters here.
        """
        if self._pool is None:
            return
        self._open += 1
        future: Future[T] = Future()
        future.add_done_callback(self._hand_over((then, failed)))

        def answer() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - told where it was asked, as the pool does
                future.set_exception(error)

        self._asking = [one for one in self._asking if one.is_alive()]
        thread = threading.Thread(target=answer, name="window-question", daemon=True)
        self._asking.append(thread)
        thread.start()

    def _hand_over(self, answers: tuple[Any, Any]) -> Callable[[Future[Any]], None]:
        """On the thread that did the work."""

        def finish(future: Future[Any]) -> None:
            with self._ending:
                if self._pool is not None and not future.cancelled():
                    self._done.emit(future, answers)

        return finish

    @Slot(object, object)
    def _deliver(self, future: Future[Any], answers: tuple[Any, Any]) -> None:
        if self._pool is None:
            return
        self._open -= 1
        then, failed = answers
        error = future.exception()
        if error is None:
            _answer(then, future.result())
            return
        told = error if isinstance(error, AppError) else _bug(error)
        _answer(failed or self.failed.emit, told)


def _in_turn(work: Callable[[], T]) -> T:
    with AT_WORK.turn("reading for the window", getattr(work, "__qualname__", "")):
        return work()


def _answer(taker: Callable[[Any], None] | None, what: object) -> None:
    """Hand it over, unless the widget that wanted it is gone: a sheet may be closed while its work is under way."""
    owner = getattr(taker, "__self__", None)
    if taker is None or (isinstance(owner, QObject) and not isValid(owner)):
        return
    try:
        with first():
            taker(what)
    except RuntimeError as error:  # a function that remembers a widget: only Qt knows that it is gone
        if "already deleted" not in str(error):
            raise
        log.debug("nobody is there any more for an answer: %s", error)


def _bug(error: BaseException) -> AppError:
    log.error("a task of the window failed", exc_info=error)
    return PermanentError("bug", "Something is wrong inside Runferry", repr(error), "See the log; please report it.")

"""Goes through something long in short turns on the window's task threads, so that it can stop between any two.

Nothing is read on the window's thread, and no task holds a thread for longer than a turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from runferry.desktop.courtesy import Courtesy
from runferry.desktop.tasks import Tasks
from runferry.errors import AppError

TURN = 0.1  # seconds of the first turn
LONGEST = 5  # times as long is the fifth one and all later: to paint is dear while another thread works

T = TypeVar("T")


class Looking(Generic[T]):
    """One look. Used on the window's thread; `start` once, `stop` when nobody wants to know any more.

    `look` makes what is gone through; a None in it is a good moment to stop and is not given out.
    """

    def __init__(
        self,
        tasks: Tasks,
        look: Callable[[], Iterator[T | None]],
        take: Callable[[list[T]], None],
        over: Callable[[AppError | None], None],
        asks_others: bool = False,
    ) -> None:
        """asks_others: servers are waited for, so the end of the app does not wait for this."""
        self._run = tasks.ask if asks_others else tasks.run
        self._look = look
        self._take = take
        self._over = over
        self._iterator: Iterator[T | None] | None = None
        self._courtesy = Courtesy()
        self._turns = 0
        self.is_running = False

    def start(self) -> None:
        """Begin; `take` gets what was found a turn at a time, `over` ends it."""
        self.is_running = True
        self._courtesy.start()
        self._next()

    def stop(self) -> None:
        """Nothing further is given out."""
        self.is_running = False
        self._courtesy.stop()

    def _next(self) -> None:
        self._run(self._turn, self._turned, self._failed)

    def _turn(self) -> tuple[list[T], bool]:
        """On a task's thread; turns follow each other, never two at once."""
        if self._iterator is None:
            self._iterator = self._look()
        some: list[T] = []
        self._turns += 1
        end = time.monotonic() + TURN * min(self._turns, LONGEST)
        for one in self._iterator:
            if one is not None:
                some.append(one)
            if time.monotonic() > end or not self.is_running:
                return some, False
            self._courtesy.give_way()
        return some, True

    def _turned(self, result: tuple[list[T], bool]) -> None:
        some, is_over = result
        if not self.is_running:
            return
        if some:
            self._take(some)
        if is_over:
            self.stop()
            self._over(None)
        else:
            self._next()

    def _failed(self, error: AppError) -> None:
        if self.is_running:
            self.stop()
            self._over(error)

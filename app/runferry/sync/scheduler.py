"""Worker threads that give each run its turn: when it is due, and when its server may be used.

A run's `advance` does a bounded piece of work and says when it wants the next turn. Runs never wait for each other:
a run whose server is down goes back into the queue until that server may be tried.
"""

from __future__ import annotations

import heapq
import logging
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from runferry.at_work import AT_WORK
from runferry.clock import LONGEST_WAIT, Clock, bounded
from runferry.errors import AppError
from runferry.sync.connection import Connection
from runferry.sync.shares import Shares

log = logging.getLogger(__name__)

GRACE = 0.6  # seconds that requests in hand have when everything ends
LAST_GRACE = 0.6  # and again, after their connections were cut off
MOST = 16  # of what the setting allows; threads are made when they are needed
AGAIN = 30.0  # seconds until the next turn of a task that could not even note its failure
AFTER_FAULT = 1.0  # seconds that a worker rests after a fault of the queue itself


class Task(Protocol):
    """What the scheduler needs of a run."""

    @property
    def connection(self) -> Connection:
        """The server it uses."""

    def advance(self) -> float | None:
        """Work; seconds until the next turn, or None: not before somebody wakes it. Raises AppError."""

    def failed(self, error: AppError) -> float | None:
        """`advance` raised; seconds until the next turn, or None."""

    def earliest(self) -> float:
        """Seconds until a turn makes sense that only its growth asks for."""


class _Slot:
    """A task with its place in the queue. `due` is infinite while it sleeps."""

    def __init__(self, task: Task, due: float) -> None:
        self.task, self.due = task, due
        self.busy = False
        self.worker = 0  # the thread whose turn it is
        self.server = 0  # whose turn it counts as
        self.woken = False
        self.grew = False
        self.changes: list[Callable[[], None]] = []  # to be made when the turn in hand is over
        self.gone = False
        self.may_enter = False
        self.probes = False  # its turn finds out whether its server is there again
        self.waits = False  # for its server, which is down


class Scheduler:
    """The queue and its threads."""

    def __init__(
        self, clock: Clock, workers: int, on_fault: Callable[[BaseException], None] = lambda error: None
    ) -> None:
        """on_fault: told of what should never happen, a fault of the queue itself; the worker goes on after it."""
        self._clock = clock
        self._on_fault = on_fault
        self._shares = Shares(workers)
        self._condition = threading.Condition()
        self._slots: dict[int, _Slot] = {}
        self._heap: list[tuple[float, int, _Slot]] = []
        self._number = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self._alive = self._idle = 0  # threads, and those of them that wait for something to do
        self._put_off: list[_Slot] = []  # due, and their servers have turns enough
        self.senders: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Start the worker threads."""
        self._stopping = False
        self.senders = ThreadPoolExecutor(MOST, thread_name_prefix="send")
        with self._condition:
            self._begin(self._shares.most)

    def _begin(self, number: int) -> None:
        """So many more threads; the lock is held."""
        for _ in range(number):
            thread = threading.Thread(target=self._work, name=f"sync-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            self._alive += 1
            thread.start()

    def resize(self, workers: int) -> None:
        """So many runs at once from now on."""
        with self._condition:
            self._shares.most = workers
            if not self._threads or self._stopping:
                return
            self._begin(max(workers - self._alive, 0))
            self._look_at_put_off()
            self._condition.notify_all()

    def stop(self, cut_off: Callable[[], None] = lambda: None) -> None:
        """Let the work in hand finish, then end the threads. What does not finish soon is cut off."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if not self._joined(GRACE):
            cut_off()
            if not self._joined(LAST_GRACE):
                log.warning("a request does not end; its thread is left behind")
        if self.senders is not None:
            self.senders.shutdown(wait=not any(one.is_alive() for one in self._threads), cancel_futures=True)

    def _joined(self, seconds: float) -> bool:
        """Whether all threads ended within so many seconds."""
        deadline = self._clock.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(deadline - self._clock.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._threads)

    def add(self, task: Task) -> None:
        """Give a task its first turn as soon as possible."""
        with self._condition:
            slot = _Slot(task, self._clock.monotonic())
            self._slots[id(task)] = slot
            self._push(slot)

    def remove(self, task: Task) -> None:
        """No further turn; one in hand ends by itself."""
        with self._condition:
            slot = self._slots.pop(id(task), None)
            if slot is not None:
                slot.gone = True

    def wake(self, task: Task) -> None:
        """Somebody asks for this task, or what stopped it has changed: a turn at once."""
        with self._condition:
            slot = self._slots.get(id(task))
            if slot is None:
                return
            if slot.busy:
                slot.woken = True
            else:
                self._advance_to(slot, 0.0)

    def grew(self, task: Task) -> None:
        """There is something new in its log: a turn as soon as the task finds one reasonable."""
        with self._condition:
            slot = self._slots.get(id(task))
            if slot is None:
                return
            if slot.busy:
                slot.grew = True
            else:
                self._advance_to(slot, task.earliest())

    def _advance_to(self, slot: _Slot, delay: float) -> None:
        due = self._due(delay)
        if due < slot.due:
            slot.due = due
            self._push(slot)

    def between_turns(self, task: Task, change: Callable[[], None]) -> None:
        """Make a change to a task while it has no turn: at once, or after the turn in hand. It must not block."""
        with self._condition:
            slot = self._slots.get(id(task))
            if slot is not None and slot.busy:
                slot.changes.append(change)
            elif slot is not None:
                change()

    def wake_all(self, connection: Connection) -> None:
        """A server may be used again: all its runs get a turn."""
        with self._condition:
            tasks = [slot.task for slot in self._slots.values() if slot.task.connection is connection]
        for task in tasks:
            self.wake(task)

    def _recovered(self, connection: Connection) -> None:
        """A server is there again: runs that were put off get their turn; those that sleep have no need of one."""
        with self._condition:
            for slot in self._slots.values():
                if slot.waits and not slot.busy and slot.task.connection is connection:
                    self._advance_to(slot, 0.0)

    def _due(self, delay: float) -> float:
        """When a turn is due that somebody wants so many seconds from now, whatever that number is."""
        return self._clock.monotonic() + bounded(delay)

    def _push(self, slot: _Slot) -> None:
        self._number += 1
        heapq.heappush(self._heap, (slot.due, self._number, slot))
        self._condition.notify()

    def _work(self) -> None:
        while True:
            try:
                slot = self._take()
                if slot is None:
                    return
                self._run(slot)
            except Exception as error:  # never the end of a worker: others' runs wait for it
                log.exception("a worker stumbled")
                self._set_right()
                self._on_fault(error)

    def _set_right(self) -> None:
        """After a fault of the queue itself: no task is lost, and a fault that stays costs no whole core."""
        me = threading.get_ident()
        with self._condition:
            for slot in self._slots.values():
                if slot.busy and slot.worker == me:
                    slot.busy, slot.due = False, self._due(AGAIN)
                    self._shares.give_back(slot.server)
            self._heap, self._put_off = [], []
            for slot in self._slots.values():
                if not slot.busy and slot.due < math.inf:
                    self._push(slot)
            if not self._stopping:
                self._condition.wait(AFTER_FAULT)

    def _take(self) -> _Slot | None:
        """The next slot that is due and whose server may be used, or waits for a person; None where a thread ends."""
        with self._condition:
            while not self._stopping:
                now = self._clock.monotonic()
                while self._heap and self._heap[0][0] <= now:
                    due, _, slot = heapq.heappop(self._heap)
                    if slot.gone or slot.busy or due != slot.due:
                        continue
                    slot.server = id(slot.task.connection)
                    if not self._shares.may_take(slot.server):
                        self._put_off.append(slot)
                    elif self._may_begin(slot):
                        if not self._idle and self._alive < self._shares.threads:
                            self._begin(1)  # who notices what other servers' runs want
                        return slot
                if self._idle and self._alive > self._shares.most:
                    break  # somebody else waits for what comes
                self._idle += 1
                self._condition.wait(timeout=bounded(self._heap[0][0] - now) if self._heap else LONGEST_WAIT)
                self._idle -= 1
            self._alive -= 1
            self._condition.notify()  # it may have been woken for a turn
        return None

    def _may_begin(self, slot: _Slot) -> bool:
        """Whether a slot's turn begins now: its server may be used, or waits for a person; else it is put off."""
        connection = slot.task.connection
        was_open = connection.is_open
        slot.may_enter = connection.enter()
        slot.probes, slot.waits = slot.may_enter and not was_open, False
        wait = 0.0 if slot.may_enter else connection.wait()
        if slot.may_enter or wait == math.inf:
            slot.busy, slot.woken, slot.grew, slot.due = True, False, False, math.inf
            slot.worker = threading.get_ident()
            self._shares.take(slot.server)
            return True
        slot.waits, slot.due = True, self._due(max(wait, 0.05))
        self._push(slot)
        return False

    def _look_at_put_off(self) -> None:
        """A turn is over: whoever waited for one is looked at again."""
        put_off, self._put_off = self._put_off, []
        for slot in put_off:
            if not slot.busy:
                self._push(slot)

    def _turn(self, slot: _Slot) -> tuple[float | None, AppError | None]:
        """The task's turn with its server; the end of an outage is told to all who wait for it."""
        with AT_WORK.turn("delivering a run", str(getattr(slot.task, "log", ""))):
            delay, error = _advance(slot.task)
        slot.task.connection.leave(error)
        if slot.probes and slot.task.connection.is_open:
            self._recovered(slot.task.connection)
        return delay, error

    def _run(self, slot: _Slot) -> None:
        delay, error = self._turn(slot) if slot.may_enter else (None, slot.task.connection.cause)
        if error is not None:
            delay = _failed(slot.task, error)
        with self._condition:
            changes, slot.changes = slot.changes, []
            for change in changes:
                change()
            slot.busy = False
            self._shares.give_back(slot.server)
            self._look_at_put_off()
            if slot.gone:
                return
            delay = _brought_forward(slot, delay, error)
            if delay is not None:
                slot.due = self._due(delay)
                self._push(slot)


def _advance(task: Task) -> tuple[float | None, AppError | None]:
    """A task's turn: what it wants next, or what went wrong."""
    try:
        return task.advance(), None
    except AppError as raised:
        return None, raised
    except Exception as raised:
        log.exception("a run's turn failed")
        return None, _bug(raised)


def _brought_forward(slot: _Slot, delay: float | None, error: AppError | None) -> float | None:
    """Seconds until a task's next turn, with what came during the one that is over."""
    if slot.woken:
        return 0.0 if error is None or delay is None else delay
    if slot.grew:
        soonest = slot.task.earliest()
        return soonest if delay is None else min(delay, soonest)
    return delay


def _failed(task: Task, error: AppError) -> float | None:
    """Tell a task; whatever goes wrong in that, the thread goes on."""
    try:
        return task.failed(error)
    except Exception:
        log.exception("a run could not note its failure")
        return AGAIN


def _bug(raised: Exception) -> AppError:
    return AppError("bug", "Something is wrong inside Runferry", repr(raised), "See the log; please report it.", raised)

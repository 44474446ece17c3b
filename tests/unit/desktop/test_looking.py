"""Something long, gone through in turns: given out as it comes, stopped between any two, failing once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from runferry.desktop import looking
from runferry.desktop.looking import Looking
from runferry.desktop.tasks import Tasks
from runferry.errors import AppError, PermanentError


@pytest.fixture
def tasks(qtbot: QtBot) -> Iterator[Tasks]:
    made = Tasks()
    made.start()
    yield made
    made.stop()


class Heard:
    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.ends: list[AppError | None] = []


def numbers() -> Iterator[int | None]:
    for number in range(50):
        yield number
        yield None


def test_everything_comes_in_order_and_ends_once(tasks: Tasks, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "TURN", 0.0)  # one at a time
    heard = Heard()
    one: Looking[int] = Looking(tasks, numbers, heard.batches.append, heard.ends.append)
    one.start()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert [number for batch in heard.batches for number in batch] == list(range(50))
    assert len(heard.batches) > 20, "not all at once"
    assert heard.ends == [None]
    assert not one.is_running


def test_what_is_stopped_says_nothing_more(tasks: Tasks, qtbot: QtBot) -> None:
    def endless() -> Iterator[int | None]:
        while True:
            yield 1

    heard = Heard()
    one: Looking[int] = Looking(tasks, endless, heard.batches.append, heard.ends.append)
    one.start()
    qtbot.waitUntil(lambda: bool(heard.batches), timeout=20_000)
    one.stop()
    said = len(heard.batches)
    qtbot.waitUntil(lambda: tasks.open == 0, timeout=20_000)
    assert len(heard.batches) == said
    assert not heard.ends


def test_a_failure_is_told_once(tasks: Tasks, qtbot: QtBot) -> None:
    error = PermanentError("scripted", "Title", "message", "todo")

    def failing() -> Iterator[int | None]:
        yield 1
        raise error

    heard = Heard()
    one: Looking[int] = Looking(tasks, failing, heard.batches.append, heard.ends.append)
    one.start()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert heard.ends == [error]
    assert not one.is_running

"""Waking from sleep, by the clocks; logind's part is in tests/desktop."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from runferry.desktop.system import wake
from runferry.desktop.system.wake import EVERY, LATE, SAME, Look, Wake, has_slept


@pytest.mark.parametrize(
    ("awake", "total", "expected"),
    [
        (EVERY, EVERY, False),
        (EVERY + 10, EVERY + 10, False),  # a busy machine
        (EVERY, EVERY + 1.5, False),  # clocks are not exact
        (EVERY, EVERY + 3, True),
        (1.0, 3600.0, True),
        (3600.0, 3600.0, True),  # both clocks go on in sleep, or the process was stopped
        (EVERY + LATE + 1, EVERY + LATE + 1, True),
        (EVERY, -7200.0, False),  # somebody set the clock back
    ],
)
def test_what_the_clocks_say(awake: float, total: float, expected: bool) -> None:
    assert has_slept(Look(100.0, 500.0), Look(100.0 + awake, 500.0 + total)) is expected


def test_the_clocks_of_this_system_go_on_together() -> None:
    before, now = wake.look(), wake.look()
    assert not has_slept(before, now)
    assert now.total >= before.total


class Clocks:
    """Two clocks that a test sets."""

    def __init__(self) -> None:
        self.now = Look(0.0, 0.0)

    def go(self, awake: float, asleep: float = 0.0) -> None:
        self.now = Look(self.now.awake + awake, self.now.total + awake + asleep)


def test_each_waking_is_told_once(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    clocks, told = Clocks(), []
    monkeypatch.setattr(wake, "look", lambda: clocks.now)
    monkeypatch.setattr(wake, "EVERY", 0.01)
    made = Wake()
    made.woke.connect(lambda: told.append(clocks.now.total))
    made.start()
    clocks.go(1.0, asleep=600.0)
    qtbot.waitUntil(lambda: len(told) == 1)
    made._take_sleep((True,))
    made._take_sleep((False,))  # logind tells of the same
    assert len(told) == 1
    clocks.go(SAME + 1)
    made._take_sleep((False,))
    assert len(told) == 2
    made.stop()
    clocks.go(SAME + 1)
    made._take_sleep((False,))
    assert len(told) == 2

"""What Qt says about the network, from an object of our own; real sources are in tests/desktop."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QNetworkInformation
from pytestqt.qtbot import QtBot

from runferry.desktop.system.reachability import NetworkState, Reachability, is_better

REACH, FEATURE = QNetworkInformation.Reachability, QNetworkInformation.Feature


class Information(QObject):
    """In place of Qt's."""

    reachabilityChanged = Signal()
    isMeteredChanged = Signal()
    isBehindCaptivePortalChanged = Signal()

    def __init__(self, features: Any) -> None:
        super().__init__()
        self.features = features
        self.reach = REACH.Online
        self.metered = False

    def supports(self, feature: Any) -> bool:
        return bool(self.features & feature)

    def reachability(self) -> Any:
        return self.reach

    def isMetered(self) -> bool:
        return self.metered

    def isBehindCaptivePortal(self) -> bool:
        return False

    def backendName(self) -> str:
        return "ours"


def started(information: Any, qtbot: QtBot) -> tuple[Reachability, list[NetworkState]]:
    told: list[NetworkState] = []
    made = Reachability(load=lambda: information)
    made.changed.connect(told.append)
    made.start()
    qtbot.waitUntil(lambda: bool(told))
    return made, told


def test_changes_are_told_and_only_changes(qtbot: QtBot) -> None:
    information = Information(FEATURE.Reachability | FEATURE.Metered)
    made, told = started(information, qtbot)
    assert told == [NetworkState(True, False, None, "ours")]
    information.reachabilityChanged.emit()
    assert len(told) == 1
    information.reach = REACH.Local
    information.reachabilityChanged.emit()
    information.reach, information.metered = REACH.Online, True
    information.isMeteredChanged.emit()
    assert told[1:] == [NetworkState(False, False, None, "ours"), NetworkState(True, True, None, "ours")]
    assert made.state == told[-1]
    made.stop()
    information.metered = False
    information.isMeteredChanged.emit()
    assert len(told) == 3


def test_what_is_not_supported_is_unknown(qtbot: QtBot) -> None:
    made, told = started(Information(FEATURE.TransportMedium), qtbot)
    assert told == [NetworkState(None, None, None, "ours")]
    made.stop()


def test_an_unknown_reach_is_unknown(qtbot: QtBot) -> None:
    information = Information(FEATURE.Reachability)
    information.reach = REACH.Unknown
    made, told = started(information, qtbot)
    assert told[0].is_online is None
    made.stop()


def _nothing() -> None:
    return None


def _no_library() -> None:
    raise ImportError("libbrotlidec.so.1: cannot open shared object file")


@pytest.mark.parametrize("load", [_nothing, _no_library])
def test_a_system_that_says_nothing(load: Any, qtbot: QtBot) -> None:
    made = Reachability(load=load)
    with qtbot.waitSignal(made.changed):
        made.start()
    assert made.state == NetworkState(note="This system does not tell whether there is a network.")
    made.stop()


ONLINE, OFFLINE, UNKNOWN = NetworkState(True), NetworkState(False), NetworkState()


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (OFFLINE, ONLINE, True),
        (ONLINE, OFFLINE, False),
        (ONLINE, ONLINE, False),
        (UNKNOWN, ONLINE, True),
        (ONLINE, NetworkState(True, is_metered=True), True),  # another network
        (NetworkState(True, has_portal=True), NetworkState(True, has_portal=False), True),
    ],
)
def test_what_is_reason_to_try_at_once(before: NetworkState, now: NetworkState, expected: bool) -> None:
    assert is_better(before, now) is expected

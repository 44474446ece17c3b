"""A window around a real engine, without a tray; what it sends goes to a local server of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from runferry.desktop import own_server
from runferry.desktop.bridge import Bridge
from runferry.desktop.context import Context
from runferry.desktop.memory import Memory
from runferry.desktop.tasks import Tasks
from runferry.desktop.window import Window
from runferry.engine.engine import Engine
from runferry.paths import Home
from runferry.settings import Settings


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Desk:
    """What a page is given, and the window around it."""

    engine: Engine
    context: Context
    window: Window
    went: list[tuple[str, str]] = field(default_factory=list)

    def stop(self) -> None:
        self.window.close_sheet()
        self.context.bridge.stop()
        self.window.leave()
        self.context.tasks.stop()


@pytest.fixture(autouse=True)
def _nothing_said() -> Iterator[None]:
    """What one test's engine said of its own server means nothing to the next test."""
    own_server.forget()
    yield
    own_server.forget()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    base = tmp_path / "state"
    return Home(base / "config", base / "data", base / "logs", base / "store")


@pytest.fixture
def make_desk(qtbot: QtBot, home: Home) -> Iterator[Callable[..., Desk]]:
    """Makes the window; settings may be given."""
    made: list[Desk] = []

    def make(environ: dict[str, str] | None = None, **settings: Any) -> Desk:
        settings.setdefault("local_server_port", free_port())
        known = Settings.load(home.settings_file, {}).changed(**settings)
        engine = Engine(home, known, environ or {}).start()
        window = Window(Memory(None))
        qtbot.addWidget(window)
        tasks, bridge = Tasks(window), Bridge(engine, window)
        desk = Desk(engine, Context(engine, bridge, tasks, Memory(None), window), window)
        made.append(desk)
        bridge.updated.connect(window.take)
        tasks.start()
        bridge.start()
        return desk

    yield make
    for desk in made:
        desk.stop()
        desk.engine.stop()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """A window as it is for somebody who set nothing."""
    return make_desk()

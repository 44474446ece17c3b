"""An engine in this process, with a real server: what the window has, without the window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runferry.engine.engine import Engine
from runferry.paths import find_home
from runferry.settings import Settings
from runferry.status import RunStatus
from support.processes import Server


@contextmanager
def started(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """As the app starts, with the server in its environment."""
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    home = find_home()
    with Engine(home, Settings.load(home.settings_file, server.environ)) as engine:
        yield engine


def shown(engine: Engine) -> list[RunStatus]:
    """The list of runs."""
    return list(engine.snapshot().runs)

"""What pages of the window need around them in tests: an engine that notes what it is asked, and a shell that shows
nothing. Pages are fed with snapshots; nothing here touches the network."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from PySide6.QtWidgets import QWidget

from runferry.desktop.bridge import Bridge, Update
from runferry.desktop.context import Context
from runferry.desktop.memory import Memory
from runferry.desktop.summary import totals
from runferry.desktop.tasks import Tasks
from runferry.engine.engine import Engine
from runferry.errors import AppError
from runferry.paths import find_home
from runferry.settings import Settings
from runferry.status import FolderStatus, ServerStatus, Snapshot


class NotedEngine:
    """Settings of its own; every method that is asked of it is noted with its arguments in `asked`."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        self.home = find_home()
        self.environ = environ or {}
        self.settings = Settings.load(self.home.settings_file, self.environ)
        self._changing = threading.Lock()
        self.asked: list[tuple[Any, ...]] = []

    def reload_settings(self) -> None:
        self.asked.append(("reload_settings",))
        self.settings = Settings.load(self.home.settings_file, self.environ)

    def edit_settings(self, work: Callable[[Settings], Any]) -> Any:
        with self._changing:
            result = work(Settings.load(self.home.settings_file, self.environ))
            self.reload_settings()
            return result

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *given: self.asked.append((name, *given))


class QuietBridge:
    """Has no runs."""

    def __init__(self) -> None:
        self.runs: dict[str, Any] = {}
        self.looks = 0

    def look_again(self) -> None:
        self.looks += 1


class NotedShell:
    """Keeps what it was asked to show."""

    def __init__(self) -> None:
        self.toasts: list[str] = []
        self.sheets: list[tuple[str, QWidget]] = []
        self.errors: list[AppError] = []
        self.gone: list[tuple[str, str]] = []
        self.has_room = True

    def toast(self, text: str) -> None:
        self.toasts.append(text)

    def sheet(self, title: str, body: QWidget, width: int = 720, height: int = 520) -> None:
        self.sheets.append((title, body))

    def close_sheet(self) -> None:
        self.sheets.clear()

    def make_room(self) -> bool:
        return self.has_room

    def bring_up(self) -> None:
        """It is shown already."""

    def tell(self, error: AppError) -> None:
        self.errors.append(error)

    def go(self, page: str, subject: str = "") -> None:
        self.gone.append((page, subject))

    def set_up(self) -> None:
        self.gone.append(("set_up", ""))

    def add(self, paths: Sequence[Path] = ()) -> None:
        self.gone.append(("add", ""))


@contextmanager
def surroundings(engine: Any = None) -> Iterator[tuple[Context, Any, NotedShell]]:
    """A context with tasks that run; ended at the end."""
    engine = engine or NotedEngine()
    shell, tasks = NotedShell(), Tasks()
    tasks.start()
    try:
        yield Context(cast(Engine, engine), cast(Bridge, QuietBridge()), tasks, Memory(None), shell), engine, shell
    finally:
        tasks.stop()


def update(*servers: ServerStatus, folders: tuple[FolderStatus, ...] = (), now: float | None = None) -> Update:
    """What a bridge would bring."""
    overview = Snapshot("1", 1, time.time() if now is None else now, (), servers, folders)
    return Update(overview, totals(()))

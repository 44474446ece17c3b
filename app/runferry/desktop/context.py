"""What every page is given: the engine, the way back from it, threads for slow work, and the window around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QWidget

from runferry.desktop.bridge import Bridge, Update
from runferry.desktop.memory import Memory
from runferry.desktop.system.open import Opener
from runferry.desktop.tasks import Tasks
from runferry.engine.opening import way_in
from runferry.errors import AppError

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


class Shell(Protocol):
    """What pages ask of the window around them."""

    def toast(self, text: str) -> None:
        """A short message that goes by itself."""

    def sheet(self, title: str, body: QWidget, width: int = 720, height: int = 520) -> None:
        """A card over the content."""

    def close_sheet(self) -> None:
        """Close the card."""

    def make_room(self) -> bool:
        """Set the open card aside for what was asked for from outside; False, and said, where work would be lost."""

    def tell(self, error: AppError) -> None:
        """Something that was asked for did not work: title, what happened, what to do."""

    def go(self, page: str, subject: str = "") -> None:
        """Show a page (`runs`, `network`, `problems`, `activity`, `settings`); `subject`: a run's key, a settings
        page, a server."""

    def bring_up(self) -> None:
        """Show the window in front of everything."""

    def set_up(self) -> None:
        """Open the first start again."""

    def add(self, paths: Sequence[Path] = ()) -> None:
        """Open the sheet that adds run folders; without paths it asks for a folder first."""


@dataclass(frozen=True)
class Context:
    """Handed to each page when it is made."""

    engine: Engine
    bridge: Bridge
    tasks: Tasks
    memory: Memory
    shell: Shell
    opener: Opener = field(default_factory=Opener)

    def do(self, work: Callable[[], object], said: str = "") -> None:
        """Ask something of the engine off the window's thread; `said` is shown when it worked, its error if not."""
        self.tasks.run(work, lambda _: self.shell.toast(said) if said else None, self.shell.tell)

    def open_page(self, url: str) -> None:
        """In the browser; where that cannot be, the reason and the address are told. So for the others below."""
        self.tasks.ask(lambda: self.opener.web(way_in(self.engine, url)), None, self.shell.tell)

    def open_folder(self, path: Path | str) -> None:
        """A folder in the file manager; of a file, the folder that it is in, with the file selected."""
        self.tasks.ask(lambda: self.opener.folder(Path(path)), None, self.shell.tell)

    def open_file(self, path: Path) -> None:
        """With the program that the system has for it."""
        self.tasks.ask(lambda: self.opener.file(path), None, self.shell.tell)

    def show_in_folder(self, path: Path) -> None:
        """Selected in the file manager, where that can."""
        self.tasks.ask(lambda: self.opener.in_folder(path), None, self.shell.tell)


class Page(QWidget):
    """One page of the window. Pages that are not shown get updates too: keep `take` cheap."""

    def take(self, update: Update) -> None:
        """Something changed."""

    def tick(self, now: float) -> None:
        """Once a second while it is shown: countdowns, relative times. now: seconds since the epoch."""

    def open(self, subject: str) -> None:
        """It was chosen; `subject` as in `Shell.go`."""

    def keep(self) -> None:
        """The window closes: what should be remembered goes into its memory."""

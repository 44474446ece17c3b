"""One watched folder: how it is watched and why, how many runs it has, where they go, and which are left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.context import Context
from runferry.desktop.look.theme import GRID, MARGIN, Size, Tone
from runferry.desktop.parts.buttons import Button, IconButton
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label, Shape
from runferry.desktop.parts.no_drops import let_drops_through
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.field import Field
from runferry.desktop.text import breakable, plural, tr
from runferry.errors import AppError
from runferry.settings import Folder, FolderMode, Kind, Option
from runferry.status import FolderStatus

_S = "Folder"
OPTIONS = (
    Option("mode", Kind.CHOICE, "auto", "Its runs", "", _S, choices=tuple(one.value for one in FolderMode)),
    Option("server", Kind.SERVER, "", "Server", "Not chosen: as set for all runs.", _S),
    Option("entity", Kind.TEXT, "", "Team", "Empty: what each run says.", _S, names_a="team"),
    Option("project", Kind.TEXT, "", "Project", "Empty: what each run says.", _S, names_a="project"),
    Option("exclude", Kind.NAMES, (), "Leave alone", "Names of folders, or paths; * and ? stand for anything.", _S),
    Option(
        "follow_links",
        Kind.SWITCH,
        False,
        "Follow links",
        "Files are sent, too, to which links lead out of the runs' folders.",
        _S,
    ),
    Option("min_steps", Kind.WHOLE, 0, "Least steps", "Runs that ended with fewer stay. 0: none does.", _S, minimum=0),
)
"""What can be set for a folder, declared as the app's options are."""


class FolderPlace:
    """Where the fields of one folder are kept: the engine, which obeys at once."""

    def __init__(self, context: Context, folder: Folder, over: Callable[[], None]) -> None:
        self.folder = folder
        self._context, self._over = context, over

    def value(self, option: Option) -> Any:
        """The one in force."""
        found = getattr(self.folder, option.name)
        return found.value if isinstance(found, FolderMode) else found

    def locked_by(self, option: Option) -> str:
        """No variable sets those."""
        return ""

    def keep(self, option: Option, value: Any, failed: Callable[[AppError], None]) -> None:
        """Save another one."""
        engine, path = self._context.engine, self.folder.path
        work = lambda: engine.change_folder(path, **{option.name: value})  # noqa: E731 - a name for a line that is long
        self._context.tasks.run(work, lambda _: self._over(), failed)


class FolderCard(Panel):
    """Closed it is two lines; its fields open on a click. `changed`: called after each change that worked."""

    def __init__(self, context: Context, folder: Folder, changed: Callable[[], None]) -> None:
        super().__init__()
        self._context, self._changed = context, changed
        self.place = FolderPlace(context, folder, changed)
        self.how = Label(size=Size.SMALL, tone=Tone.SUBTLE, wrap=True)
        self._problem = Label(tone=Tone.BAD, wrap=True, selectable=True)
        self._problem.hide()
        self.fields: dict[str, Field] = {}
        self._build(folder)
        let_drops_through(self)
        self.show_status(None)

    def _build(self, folder: Folder) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(Shape("folder", Tone.TEXT, 20))
        head.addWidget(Elided(folder.path, bold=True), 1)
        what = Path(folder.path).name
        head.addWidget(IconButton("open-folder", tr("Show the folder {name}", name=what), self._show))
        self.box.addLayout(head)
        self.box.addWidget(self.how)
        self.box.addWidget(self._problem)
        self.more = Button(tr("Change…"), self._turn, "expand")
        self.remove = Button(tr("Stop watching"), self._remove, "clear")
        for button in (self.more, self.remove):
            button.setAccessibleName(f"{button.text()}: {what}")
        self.box.addLayout(Flow().add(self.more, self.remove))
        self._open = QWidget()
        lines = QVBoxLayout(self._open)
        lines.setContentsMargins(0, GRID, 0, 0)
        lines.setSpacing(MARGIN)
        for option in OPTIONS:
            field = self.fields[option.name] = Field(option, self.place)
            lines.addWidget(field)
        self._open.hide()
        self.box.addWidget(self._open)

    def show_folder(self, folder: Folder) -> None:
        """As it is set now."""
        self.place.folder = folder
        for field in self.fields.values():
            field.refresh()

    def show_status(self, status: FolderStatus | None) -> None:
        """As it is watched now; None: not yet, or not here."""
        self.how.setText(breakable(how_watched(status)))
        problem = status.problem if status else None
        said = f"{problem.get('title', '')}. {problem.get('message', '')} {problem.get('todo', '')}" if problem else ""
        self._problem.setText(breakable(said))
        self._problem.setVisible(bool(problem))

    def _turn(self) -> None:
        shown = not self._open.isVisibleTo(self)
        self._open.setVisible(shown)
        self.more.show_as(tr("Close") if shown else tr("Change…"), "collapse" if shown else "expand")

    def _show(self) -> None:
        self._context.open_folder(self.place.folder.path)

    def _remove(self) -> None:
        engine, path, shell = self._context.engine, self.place.folder.path, self._context.shell

        def over(_: object) -> None:
            shell.toast(tr("{name} is not watched any more; its runs stay where they are", name=Path(path).name))
            self._changed()

        self._context.tasks.run(lambda: engine.remove_folder(path), over, shell.tell)


_SET_APART = {FolderMode.SYNC.value: tr("every run is sent"), FolderMode.ASK.value: tr("sent only when you ask")}


def how_watched(status: FolderStatus | None) -> str:
    """41 runs · notified of changes at once / looked at every few seconds, because … · 3 wait until you ask."""
    if status is None:
        return tr("Not watched yet.")
    parts = [plural(status.runs, "{n} run", "{n} runs")]
    if status.method == "notifications":
        parts.append(tr("changes are noticed at once"))
    elif status.reason:
        parts.append(tr("looked at every few seconds, since {why}", why=status.reason))
    else:
        parts.append(tr("looked at every few seconds"))
    if status.mode in _SET_APART:
        parts.append(_SET_APART[status.mode])
    if status.held:
        parts.append(plural(status.held, "{n} waits until you ask", "{n} wait until you ask"))
    return " · ".join(parts)

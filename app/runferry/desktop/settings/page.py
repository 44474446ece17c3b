"""The settings: a list of panes at the left, the chosen one beside it. Panes are made when they are first shown."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context, Page
from runferry.desktop.parts.labels import Line
from runferry.desktop.parts.no_drops import let_drops_through
from runferry.desktop.settings.certificates_pane import CertificatesPane
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.pane import Pane
from runferry.desktop.settings.pane_list import PaneList
from runferry.desktop.settings.panes import PANES
from runferry.desktop.sidebar import Entry
from runferry.desktop.text import tr
from runferry.settings import Settings


class SettingsPage(Page):
    """`open` takes the name of a pane, and behind a space what is to be shown of it: `certificates https://…`."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.desk = Desk(context, self)
        self._panes: dict[str, Pane] = {}
        self._update: Update | None = None
        self._seen: Settings | None = None
        self.list = PaneList([Entry(kind.name, tr(kind.title), kind.icon) for kind in PANES])
        self._stack = QStackedWidget()
        self._build()
        self.desk.changed.connect(self._refresh)
        self.list.chosen.connect(self._show)

    def _build(self) -> None:
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.list)
        box.addWidget(Line(vertical=True))
        box.addWidget(self._stack, 1)

    # -- panes --------------------------------------------------------------------------------------------------------

    def pane(self, name: str) -> Pane:
        """A pane, made if need be. KeyError where there is none."""
        found = self._panes.get(name)
        if found is None:
            kind = next((one for one in PANES if one.name == name), None)
            if kind is None:
                raise KeyError(name)
            found = self._panes[name] = kind.make(self._context, self.desk, kind)
            let_drops_through(found)
            self._stack.addWidget(found)
            if self._update is not None:
                found.take(self._update)
        return found

    def _show(self, name: str) -> None:
        self.list.mark(name)
        shown = self.pane(name)
        self._stack.setCurrentWidget(shown)
        shown.refresh()
        shown.tick(time.time())

    def look_at(self, paths: list[Path]) -> None:
        """Certificate files were dropped on the window: show what they hold."""
        pane = self.pane("certificates")
        if isinstance(pane, CertificatesPane):
            pane.look_at(paths)

    # -- as a page ----------------------------------------------------------------------------------------------------

    def open(self, subject: str) -> None:
        """Show a pane; the one that was shown last where none is named."""
        name, _, rest = subject.partition(" ")
        names = [one.name for one in PANES]
        shown = name if name in names else self.list.current or names[0]
        self._show(shown)
        self.list.take_focus()
        if name in names:
            self.pane(name).open(rest)

    def take(self, update: Update) -> None:
        """Servers, folders or settings changed."""
        self._update = update
        for pane in self._panes.values():
            pane.take(update)
        if self._seen is not self._context.engine.settings:
            self._refresh()

    def tick(self, now: float) -> None:
        """For the pane that is shown."""
        shown = self._stack.currentWidget()
        if isinstance(shown, Pane):
            shown.tick(now)

    def _refresh(self) -> None:
        self._seen = self._context.engine.settings
        for pane in self._panes.values():
            pane.refresh()

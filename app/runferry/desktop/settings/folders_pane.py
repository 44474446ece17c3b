"""Folders: what is watched and how, and where the runs of each go. Adding one sends nothing of what is over there."""

from __future__ import annotations

from pathlib import Path

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context
from runferry.desktop.dropping import are_certificates
from runferry.desktop.look.theme import Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.choosing import ask_folder
from runferry.desktop.parts.drop_target import DropTarget
from runferry.desktop.parts.labels import Label
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.folder_card import FolderCard
from runferry.desktop.settings.pane import Pane, PaneKind, options_in
from runferry.desktop.text import tr
from runferry.settings import OPTIONS, Folder
from runferry.status import FolderStatus


class FoldersPane(Pane):
    """Cards stay where they are while their folders change."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind) -> None:
        super().__init__(context, desk, kind)
        self.cards: dict[str, FolderCard] = {}
        self._status: dict[str, FolderStatus] = {}
        said = tr("Runs that start or grow in these folders are synced. Those that ended before wait until you ask.")
        self.put(Label(said, tone=Tone.SUBTLE, wrap=True))
        self._locked = Label(tone=Tone.WARN, wrap=True)
        self._locked.hide()
        self.put(self._locked)
        self._first = self.column.count() - 1
        self.add_button = Button(tr("Add a folder…"), self._choose, "add")
        self.put(DropTarget(tr("Drop a folder that your trainings write into."), self.add, self.add_button))
        self.heading(tr("All folders"))
        self.form(options_in(*kind.sections))
        self._show_cards()

    def take(self, update: Update) -> None:
        """How they are watched."""
        self._status = {one.path: one for one in update.overview.folders}
        for path, card in self.cards.items():
            card.show_status(self._status.get(path))

    def refresh(self) -> None:
        """Folders came or went."""
        super().refresh()
        self._show_cards()

    def _show_cards(self) -> None:
        folders: dict[str, Folder] = {one.path: one for one in self.desk.settings.folders}
        for path in [one for one in self.cards if one not in folders]:
            gone = self.cards.pop(path)
            gone.hide()
            gone.deleteLater()
        for path, folder in folders.items():
            card = self.cards.get(path)
            if card is None:
                card = self.cards[path] = FolderCard(self.context, folder, self._changed)
                self.column.insertWidget(self._first + len(self.cards) - 1, card)
                card.show_status(self._status.get(path))
            card.show_folder(folder)
        variable = self.desk.locked_by(OPTIONS["folders"])
        self._locked.setText(tr("The variable {name} says which folders are watched.", name=variable))
        self._locked.setVisible(bool(variable))
        self.add_button.setEnabled(not variable)

    def _changed(self) -> None:
        self.desk.changed.emit()
        self.context.bridge.look_again()

    def _choose(self) -> None:
        ask_folder(self, tr("A folder that your trainings write into"), self.add, str(Path.home()))

    def add(self, paths: list[Path]) -> None:
        """Watch folders; files that were dropped are told that they are none."""
        if are_certificates(paths) or not paths:
            return
        engine, shell = self.context.engine, self.context.shell

        def work() -> int:
            for path in paths:
                engine.add_folder(path)
            return len(paths)

        def over(_: int) -> None:
            shell.toast(tr("Watched from now on. Runs that have ended already wait until you ask."))
            self._changed()

        self.context.tasks.run(work, over, shell.tell)

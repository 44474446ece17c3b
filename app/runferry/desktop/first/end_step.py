"""Step 3: two questions that only the first start asks."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox

from runferry.desktop.first.step import Step
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.labels import Label
from runferry.desktop.system.autostart import AutostartState
from runferry.desktop.text import plural, tr


class EndStep(Step):
    """`save_code` and `at_login` are what they stand at."""

    def __init__(self) -> None:
        super().__init__(tr("Almost done"), "")
        self.save_code = QCheckBox(tr("Send code changes"))
        self.at_login = QCheckBox(tr("Start at login"))
        self.login_note = Label(size=Size.SMALL, tone=Tone.SUBTLE, wrap=True)
        self.at_login.setEnabled(False)
        said = tr("The repository's uncommitted changes are sent along, so that a run can be repeated later.")
        for box, note in ((self.save_code, Label(said, Size.SMALL, Tone.SUBTLE, wrap=True)), (self.at_login, None)):
            self.box.addWidget(box)
            self.box.addWidget(note or self.login_note)
            self.box.addSpacing(GRID)
        self.box.addStretch(1)
        self.was_at_login = False
        self.setFocusProxy(self.save_code)

    def show_login(self, state: AutostartState) -> None:
        """What the system really has."""
        self.was_at_login = state.is_on
        self.at_login.setEnabled(state.can_change)
        self.at_login.setChecked(state.is_on)
        self.login_note.setText(state.note or tr("Only the icon appears then; the window opens when you click it."))

    def show_choices(self, folders: int, server: str) -> None:
        """What was chosen before."""
        some = plural(folders, "{n} folder will be watched", "{n} folders will be watched")
        watched = some if folders else tr("No folder will be watched yet")
        self.sentence.setText(tr("{folders}; runs go to {server}.", folders=watched, server=server))

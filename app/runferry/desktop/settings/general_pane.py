"""General: start at login, as the system really has it, and what is told by notifications."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox

from runferry.desktop.context import Context
from runferry.desktop.look.theme import Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.pane import Pane, PaneKind, options_in
from runferry.desktop.system.autostart import Autostart, AutostartState, autostart
from runferry.desktop.text import breakable, tr
from runferry.errors import AppError


class GeneralPane(Pane):
    """`way`: how this system starts programs at login; a test brings its own."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind, way: Autostart | None = None) -> None:
        super().__init__(context, desk, kind)
        self._way = way or autostart(desk.environ)
        self.at_login = QCheckBox(tr("Start at login"))
        self.at_login.setEnabled(False)
        self.note = Label(size=Size.SMALL, tone=Tone.SUBTLE, wrap=True)
        self._where = Elided(size=Size.SMALL, tone=Tone.SUBTLE)
        panel = Panel(4)
        for one in (self.at_login, self.note, self._where):
            panel.box.addWidget(one)
        self.put(panel)
        self.form(options_in("General"))
        again = Panel()
        again.box.addWidget(Label(tr("Go through the questions of the first start once more."), wrap=True))
        again.box.addLayout(Flow().add(Button(tr("Set up again…"), lambda: context.shell.set_up(), "retry")))
        self.put(again)
        self.heading(tr("Notifications"), tr("Tell me, also while the window is closed:"))
        self.form(options_in("Notifications"))
        self.at_login.clicked.connect(self._change)

    def refresh(self) -> None:
        """Somebody may have changed it in the system's own settings."""
        super().refresh()
        self.context.tasks.run(self._way.state, self._show)

    def _show(self, state: AutostartState) -> None:
        self.at_login.setEnabled(state.can_change)
        self.at_login.setChecked(state.is_on)
        self._say(state.note or tr("Only the icon appears then; the window opens when you click it."), Tone.SUBTLE)
        self._where.setText(state.where)
        self._where.setVisible(bool(state.where))

    def _change(self) -> None:
        work = self._way.enable if self.at_login.isChecked() else self._way.disable
        self.at_login.setEnabled(False)

        def change() -> AutostartState:
            work()
            return self._way.state()

        def failed(error: AppError) -> None:
            self.refresh()
            self.context.shell.tell(error)

        self.context.tasks.run(change, self._show, failed)

    def _say(self, text: str, tone: Tone) -> None:
        self.note.set_tone(tone)
        self.note.setText(breakable(text))

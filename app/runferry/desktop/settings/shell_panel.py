"""*Found in your shell, not here*: an app that was started from a menu does not see what the login shell sets.

The shell is asked on a click only, and what it has is taken over on another one.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout

from runferry.desktop.context import Context
from runferry.desktop.look.theme import Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.desk import Desk
from runferry.desktop.text import breakable, tr
from runferry.engine import shell_environment
from runferry.engine.shell_environment import ShellVariable
from runferry.errors import AppError


class ShellPanel(Panel):
    """Proxies and certificates that the login shell knows of."""

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__()
        self._context, self._desk = context, desk
        self._found: tuple[ShellVariable, ...] = ()
        said = tr(
            "Started from a menu, this app does not see the variables of your shell (HTTPS_PROXY, SSL_CERT_FILE …)."
        )
        self.box.addWidget(Label(said, tone=Tone.SUBTLE, wrap=True))
        self.look_button = Button(tr("Look in my shell"), self.look, "console")
        self.import_button = Button(tr("Import"), self._import, "download")
        self.import_button.hide()
        self.box.addLayout(Flow().add(self.look_button, self.import_button))
        self.result = Label(wrap=True)
        self.result.hide()
        self.box.addWidget(self.result)
        self._list = Panel(4, framed=False)
        self._list.hide()
        self.box.addWidget(self._list)

    def look(self) -> None:
        """Ask the login shell; takes seconds."""
        environ = self._desk.environ
        self.look_button.setEnabled(False)
        self._say(tr("Asking your shell …"), Tone.SUBTLE)

        def failed(error: AppError) -> None:
            self.look_button.setEnabled(True)
            self._say(f"{error.title}. {error.message} {error.todo}", Tone.BAD)

        self._context.tasks.run(lambda: shell_environment.look(environ), self.show_found, failed)

    def show_found(self, found: Sequence[ShellVariable]) -> None:
        """What the shell has and the app lacks."""
        self._found = tuple(found)
        self.look_button.setEnabled(True)
        self.import_button.setVisible(bool(found))
        self._list.setVisible(bool(found))
        if not found:
            self._say(tr("Nothing that this app lacks."), Tone.GOOD)
            return
        self._say(tr("Found in your shell, not here:"), Tone.TEXT)
        box: QVBoxLayout = self._list.refill()
        for one in found:
            box.addWidget(Elided(f"{one.name} = {one.shown}", bold=True))
            if one.here:
                here = tr("here: {value}", value=ShellVariable(one.name, one.here, "").shown)
                box.addWidget(Elided(here, Size.SMALL, Tone.SUBTLE))

    def _import(self) -> None:
        found = self._found
        self.import_button.setEnabled(False)

        def over(_: object) -> None:
            self.import_button.setEnabled(True)
            self.import_button.hide()
            self._list.hide()
            self._say(tr("Imported into the settings: in force now, and kept."), Tone.GOOD)

        def failed(error: AppError) -> None:
            self.import_button.setEnabled(True)
            self._say(f"{error.title}. {error.message} {error.todo}", Tone.BAD)

        self._desk.edit(lambda settings: shell_environment.take_over(settings, found), over, failed)

    def _say(self, text: str, tone: Tone) -> None:
        self.result.set_tone(tone)
        self.result.setText(breakable(text))
        self.result.show()

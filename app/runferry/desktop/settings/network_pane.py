"""Network: the proxy and its password, limits, and pace."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from runferry.desktop.context import Context
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.pane import Pane, PaneKind, options_in
from runferry.desktop.settings.shell_panel import ShellPanel
from runferry.desktop.text import breakable, tr
from runferry.engine import proxy_settings
from runferry.errors import AppError
from runferry.settings import OPTIONS, Settings

_PROXY = ("proxy", "proxy_url", "proxy_exceptions", "proxy_pac", "proxy_user")
_FOR = {
    "proxy_url": ("manual",),
    "proxy_exceptions": ("manual",),
    "proxy_pac": ("pac",),
    "proxy_user": ("manual", "pac"),
}
"""The ways of which an option is a part."""


class NetworkPane(Pane):
    """Only what the chosen way to a proxy needs is shown; its password goes to the keyring and is never shown."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind) -> None:
        super().__init__(context, desk, kind)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setMaximumWidth(360)
        self.password.setAccessibleName(tr("Password of the proxy"))
        self.password.setPlaceholderText(tr("Kept in the keyring"))
        self.password.returnPressed.connect(self._keep_password)
        self._said = Label(size=Size.SMALL, wrap=True)
        self._said.hide()
        self.way = Label(tone=Tone.SUBTLE, wrap=True)
        self.heading(tr("Proxy"))
        self.form([OPTIONS[name] for name in _PROXY])
        self.fields["proxy_url"].also_check = proxy_settings.check_address
        self.put(self._password_panel())
        self.put(self.way)
        self.put(ShellPanel(context, desk))
        self.heading(tr("Pace and limits"))
        self.form([one for one in options_in(*kind.sections) if one.name not in _PROXY])
        self._show_parts()

    def _password_panel(self) -> Panel:
        self.password_panel = Panel()
        label = Label(tr("Password of the proxy"))
        label.setBuddy(self.password)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.password, 1)
        row.addWidget(Button(tr("Keep"), self._keep_password, "key"))
        self.password_panel.box.addWidget(label)
        self.password_panel.box.addLayout(row)
        self.password_panel.box.addWidget(self._said)
        return self.password_panel

    def refresh(self) -> None:
        """The proxy may be another one now."""
        super().refresh()
        self._show_parts()
        settings, environ = self.desk.settings, self.desk.environ
        server = settings.server if settings.server.startswith("http") else settings.cloud_url or "https://api.wandb.ai"

        def over(found: tuple[str, str]) -> None:
            if found[0]:
                self.way.setText(
                    tr("To {server}: through {proxy}, by {by}.", server=server, proxy=found[0], by=found[1])
                )
            else:
                self.way.setText(tr("To {server}: directly, without a proxy.", server=server))

        def failed(error: AppError) -> None:
            self.way.setText(breakable(f"{error.title}. {error.message} {error.todo}"))

        self.context.tasks.ask(lambda: proxy_settings.leads_to(settings, server, environ), over, failed)

    def _show_parts(self) -> None:
        settings = self.desk.settings
        for name, ways in _FOR.items():
            self.fields[name].setVisible(settings.proxy in ways)
        self.password_panel.setVisible(bool(settings.proxy_user) and settings.proxy in _FOR["proxy_user"])

    def _keep_password(self) -> None:
        text = self.password.text()
        if not text:
            return

        def work(settings: Settings) -> None:
            proxy_settings.keep_password(settings, text)

        def over(_: None) -> None:
            self.password.clear()
            self._say(tr("Kept in the keyring."), Tone.GOOD)

        def failed(error: AppError) -> None:
            self._say(f"{error.title}. {error.message} {error.todo}", Tone.BAD)

        self.desk.edit(work, over, failed)

    def _say(self, text: str, tone: Tone) -> None:
        self._said.set_tone(tone)
        self._said.setText(breakable(text))
        self._said.show()

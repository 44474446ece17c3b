"""Advanced: how much is logged, where the logs are, and a support file without secrets."""

from __future__ import annotations

from pathlib import Path

from runferry.desktop.context import Context
from runferry.desktop.look.theme import Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.choosing import ask_new_file
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.pane import Pane, PaneKind, options_in
from runferry.desktop.text import tr
from runferry.engine.support_file import write_support_file

NAME = "runferry-support.zip"


class AdvancedPane(Pane):
    """The support file is written by a task, where a person says."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind) -> None:
        super().__init__(context, desk, kind)
        self.form(options_in(*kind.sections))
        self.heading(tr("Help"))
        panel = Panel()
        said = tr(
            "A support file holds settings, states and the last part of the logs: no keys, no passwords, no rows and "
            "no files of runs. Look into it before you send it to somebody."
        )
        self.support = Button(tr("Write a support file…"), self._choose, "file")
        logs = Button(tr("Show the logs"), self._show_logs, "open-folder")
        panel.box.addWidget(Label(said, tone=Tone.SUBTLE, wrap=True))
        panel.box.addLayout(Flow().add(self.support, logs))
        panel.box.addWidget(Elided(str(context.engine.home.logs), Size.SMALL, Tone.SUBTLE))
        self.put(panel)

    def _choose(self) -> None:
        ask_new_file(self, tr("Write a support file"), lambda paths: self.write(paths[0]), NAME)

    def write(self, path: Path) -> None:
        """Write it."""
        engine = self.context.engine
        self.context.do(lambda: write_support_file(engine, path), tr("Written: {name}", name=path.name))

    def _show_logs(self) -> None:
        self.context.open_folder(self.context.engine.home.logs)

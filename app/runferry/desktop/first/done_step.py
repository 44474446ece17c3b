"""The end: what is watched now, and a sample run for those who want to see one arrive."""

from __future__ import annotations

from collections.abc import Callable

from runferry.desktop.first.plan import Done
from runferry.desktop.first.step import Step
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.panel import Panel
from runferry.desktop.text import breakable, plural, tr


class DoneStep(Step):
    """`sample`: records one."""

    def __init__(self, sample: Callable[[], None]) -> None:
        super().__init__(tr("Ready"), "")
        self.trouble = Label(tone=Tone.BAD, wrap=True, selectable=True)
        self.trouble.hide()
        self.sample = Button(tr("Record a sample run"), sample, "play")
        panel = Panel(GRID)
        panel.box.addWidget(Label(tr("See one arrive"), bold=True))
        said = tr("A tiny model trains for six seconds on this computer. Its run goes to this computer's own server.")
        panel.box.addWidget(Label(said, Size.SMALL, Tone.SUBTLE, wrap=True))
        panel.box.addLayout(Flow().add(self.sample))
        self.box.addWidget(self.trouble)
        self.box.addWidget(panel)
        self.box.addStretch(1)
        self.setFocusProxy(self.sample)

    def show_done(self, done: Done) -> None:
        """What came of it."""
        if done.watched:
            self.question.setText(plural(done.watched, "Watching {n} folder", "Watching {n} folders"))
            self.sentence.setText(tr("Runs that start or grow there appear in the list by themselves."))
        else:
            self.sentence.setText(tr("No folder is watched yet: drop runs on the window, or add a folder in Settings."))
        texts = [f"{one.title}. {one.message}" for one in done.failed]
        self.trouble.setText(breakable("\n".join(texts)))
        self.trouble.setVisible(bool(texts))

"""The sheet of the first start: three steps, and the end. What is chosen counts when the last step is left."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from runferry.desktop.context import Context
from runferry.desktop.first.done_step import DoneStep
from runferry.desktop.first.end_step import EndStep
from runferry.desktop.first.folders_step import FoldersStep
from runferry.desktop.first.plan import Done, Plan, put_into_effect
from runferry.desktop.first.server_step import ServerStep
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.network.telling import title
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label, Line
from runferry.desktop.system.autostart import Autostart, AutostartState
from runferry.desktop.text import tr
from runferry.engine.nearby import Nearby
from runferry.errors import AppError
from runferry.servers import LOCAL

SIZE = (680, 600)
LAST = 2  # the step after which the choices count


class FirstStart(QWidget):
    """`look` finds folders; `sample` records a sample run; `close` closes the sheet; `over` is told when it counts."""

    def __init__(
        self,
        context: Context,
        cloud_url: str,
        way: Autostart,
        look: Callable[[], list[Nearby]],
        sample: Callable[[], None],
        close: Callable[[], None],
        over: Callable[[], None],
    ) -> None:
        super().__init__()
        self._context, self._way, self._over, self._close = context, way, over, close
        self._is_gone = False
        self.folders = FoldersStep()
        self.server = ServerStep(context, cloud_url, self._certificates)
        self.end = EndStep()
        self.done = DoneStep(sample)
        self.trouble = Label(size=Size.SMALL, tone=Tone.BAD, wrap=True)
        self.step = Label(size=Size.SMALL, tone=Tone.SUBTLE)
        self.back = Button(tr("Back"), lambda: self.show_step(self.current - 1), "back")
        self.next = Button(tr("Next"), self.go_on, primary=True)
        self._later = Button(tr("Not now"), close)
        self._stack = QStackedWidget()
        self._build()
        self.end.save_code.setChecked(context.engine.settings.save_code)
        self.folders.changed.connect(self._refresh)
        self.server.changed.connect(self._refresh)
        context.tasks.run(look, self._offer)
        context.tasks.run(way.state, self._show_login)
        self.server.look()
        self.show_step(0)

    def _build(self) -> None:
        for one in (self.folders, self.server, self.end, self.done):
            self._stack.addWidget(one)
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self._later)
        foot.addWidget(self.step)
        foot.addWidget(self.trouble, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.next)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID + 4)
        box.addWidget(self._stack, 1)
        box.addWidget(Line())
        box.addLayout(foot)

    # -- steps --------------------------------------------------------------------------------------------------------

    @property
    def current(self) -> int:
        """The step that is shown, from 0; 3: it is done."""
        return self._stack.currentIndex()

    @property
    def holds_work(self) -> bool:
        """It does not come again by itself."""
        return self.current <= LAST

    def show_step(self, number: int) -> None:
        """Show a step, with the focus in it."""
        self._stack.setCurrentIndex(number)
        self.end.show_choices(len(self.folders.chosen()), _place(self.server.server()))
        self._refresh()
        shown = self._stack.widget(number)
        if shown is not None:
            self.setFocusProxy(shown)  # for the sheet, which is shown after the first step
            shown.setFocus()

    def go_on(self) -> None:
        """The next step; behind the last one everything is put into effect."""
        if self.current > LAST:
            self._close()
        elif self.current == LAST:
            self._finish()
        else:
            self.show_step(self.current + 1)

    def stop(self) -> None:
        """The sheet goes."""
        self._is_gone = True

    def _refresh(self) -> None:
        step = self.current
        self.back.setVisible(0 < step <= LAST)
        self._later.setVisible(step <= LAST)
        self.step.setText(tr("Step {n} of {all}", n=step + 1, all=LAST + 1) if step <= LAST else "")
        skips = step == 0 and not self.folders.chosen()
        texts = {0: tr("Without a folder") if skips else tr("Next"), 1: tr("Next"), LAST: tr("Start")}
        self.next.setText(texts.get(step, tr("Close")))
        self.next.setEnabled(step != 1 or bool(self.server.server()))
        self.trouble.setText("")

    # -- what is chosen -----------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """What was chosen so far."""
        return Plan(self.folders.chosen(), self.server.server(), self.end.save_code.isChecked())

    def _finish(self) -> None:
        engine, plan, way = self._context.engine, self.plan(), self._way
        at_login = self.end.at_login.isChecked() if self.end.at_login.isEnabled() else self.end.was_at_login
        changes_login = at_login != self.end.was_at_login
        self.next.setEnabled(False)

        def work() -> Done:
            done = put_into_effect(engine, plan)
            if changes_login:
                (way.enable if at_login else way.disable)()
            return done

        self._context.tasks.run(work, self._finished, self._failed)

    def _finished(self, done: Done) -> None:
        self._over()
        if not self._is_gone:
            self.done.show_done(done)
            self.show_step(LAST + 1)

    def _failed(self, error: AppError) -> None:
        if self._is_gone:
            self._context.shell.tell(error)
            return
        self._refresh()
        self.trouble.setText(f"{error.title}. {error.message} {error.todo}")

    def _offer(self, found: list[Nearby]) -> None:
        if not self._is_gone:
            self.folders.offer(found)
            self._refresh()

    def _show_login(self, state: AutostartState) -> None:
        if not self._is_gone:
            self.end.show_login(state)

    def _certificates(self, url: str) -> None:
        """What was chosen so far is kept; the rest can be gone on with from the settings."""
        engine, plan = self._context.engine, self.plan()
        self._close()
        self._context.tasks.run(lambda: put_into_effect(engine, plan), None, self._context.shell.tell)
        self._context.shell.go("settings", f"certificates {url}")


def _place(server: str) -> str:
    return title(server) if server and server != LOCAL else tr("this computer")

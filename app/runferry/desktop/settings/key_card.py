"""One server on the servers pane: which key is used there, entering another one, and a test of it.

The keyring and the server are asked by tasks; a key that was entered is never shown again.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit

from runferry.credentials import KeyPlace
from runferry.desktop.context import Context
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.network.telling import title
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label, Shape
from runferry.desktop.parts.no_drops import let_drops_through
from runferry.desktop.parts.panel import Panel
from runferry.desktop.system.keyring_state import KeyringState, place_name
from runferry.desktop.text import breakable, tr
from runferry.engine import keys
from runferry.engine.keys import KeyState
from runferry.errors import AppError


class KeyCard(Panel):
    """`url`: normalised. What it shows is asked anew by `refresh`."""

    def __init__(self, context: Context, url: str, icon: str) -> None:
        super().__init__()
        self._context, self.url = context, url
        self._has_key, self._entered = False, ""
        self.source = Label(size=Size.SMALL, tone=Tone.SUBTLE, wrap=True)
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setPlaceholderText(tr("API key"))
        self.key.setAccessibleName(tr("API key for {server}", server=title(url)))
        self.keeping = QComboBox()
        self.keeping.setAccessibleName(tr("Keep the key"))
        self._keeping_label = Label(tr("Keep it"), Size.SMALL)
        self.result = Label(wrap=True, selectable=True)
        self._result_shape = Shape(size=18)
        self._build(icon)
        let_drops_through(self)
        self.key.textChanged.connect(lambda _: self._can())
        self.key.returnPressed.connect(self.save.click)
        self._say("", Tone.TEXT, "")
        self.source.hide()

    def _build(self, icon: str) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(Shape(icon, Tone.TEXT, 20))
        head.addWidget(Elided(title(self.url), bold=True), 1)
        self.box.addLayout(head)
        self.box.addWidget(Elided(self.url, Size.SMALL, Tone.SUBTLE))
        self.box.addWidget(self.source)
        self.box.addWidget(self.key)
        keep = QHBoxLayout()
        keep.setSpacing(GRID)
        keep.addWidget(self._keeping_label)
        keep.addWidget(self.keeping)
        keep.addStretch(1)
        self.box.addLayout(keep)
        self.save = Button(tr("Test and keep"), self._save, "key")
        self.test = Button(tr("Test"), self._test, "check")
        self.forget = Button(tr("Forget the key"), self._forget, "trash")
        for button in (self.save, self.test, self.forget):
            button.setAccessibleName(f"{button.text()}: {title(self.url)}")
        self.box.addLayout(Flow().add(self.save, self.test, self.forget))
        said = QHBoxLayout()
        said.setSpacing(GRID)
        said.addWidget(self._result_shape)
        said.addWidget(self.result, 1)
        self.box.addLayout(said)

    # -- what is known ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Ask where the key comes from."""
        engine = self._context.engine
        settings, environ, url = engine.settings, engine.environ, self.url
        self._context.tasks.ask(lambda: keys.key_state(url, settings, environ), self.show_key)

    def show_keyring(self, state: KeyringState) -> None:
        """Where a key that is entered will be kept."""
        self.keeping.clear()
        for place in state.places:
            if place is not KeyPlace.ENVIRONMENT:
                self.keeping.addItem(place_name(place, state), place)
        self._can()

    def show_key(self, state: KeyState) -> None:
        """Where the key comes from."""
        if state.problem is not None:
            text = f"{state.problem.title}. {state.problem.message} {state.problem.todo}"
        elif state.is_fixed:
            text = tr("The key comes from the variable {name}, which comes before any other.", name=state.source)
        elif state.source:
            where = tr("in the keyring") if state.source == "keyring" else state.source
            text = tr("There is a key: {where}.", where=where)
        else:
            text = tr("No key yet.")
        self.source.set_tone(Tone.BAD if state.problem else Tone.SUBTLE)
        self.source.setText(breakable(text))
        self.source.show()
        self._has_key = bool(state.source)
        self.forget.setEnabled(bool(state.source) and not state.is_fixed)
        self._can()

    def _can(self) -> None:
        self.save.setEnabled(bool(self.key.text().strip()) and self.keeping.count() > 0)
        self.test.setEnabled(self._has_key or bool(self.key.text().strip()))

    # -- what people do -----------------------------------------------------------------------------------------------

    def _test(self) -> None:
        self._ask(lambda: self._owner(), lambda owner: tr("It works: {who}", who=owner))

    def _save(self) -> None:
        """Only a key that the server takes is kept."""
        engine, url, key = self._context.engine, self.url, self.key.text()
        place: KeyPlace = self.keeping.currentData()

        def work() -> str:
            owner = self._owner(key)
            where = keys.keep(url, key, place, engine.settings)
            engine.try_now(url)
            return tr("{who}. The key is kept: {where}.", who=owner, where=where)

        def over(said: str) -> str:
            self.key.clear()
            self.refresh()
            return said

        self._ask(work, over)

    def _owner(self, key: str | None = None) -> str:
        """Whose key it is; on a task's thread."""
        engine = self._context.engine
        entered = self._entered if key is None else key
        owner = keys.owner_of(self.url, entered, engine.settings, engine.environ)
        return tr("{name}, team {team}", name=owner.name or tr("the key is known"), team=owner.team or "–")

    def _ask(self, work: Callable[[], str], told: Callable[[str], str]) -> None:
        self._entered = self.key.text()
        self._busy(True)

        def over(result: str) -> None:
            self._busy(False)
            self._say(told(result), Tone.GOOD, "step-ok")

        def failed(error: AppError) -> None:
            self._busy(False)
            self._say(f"{error.title}. {error.message} {error.todo}", Tone.BAD, "step-fail")

        self._say(tr("Asking {server} …", server=title(self.url)), Tone.SUBTLE, "step-run")
        self._context.tasks.ask(work, over, failed)

    def _forget(self) -> None:
        settings, url = self._context.engine.settings, self.url

        def over(places: tuple[str, ...]) -> None:
            said = tr("Forgotten: {places}.", places=", ".join(places)) if places else tr("Runferry keeps none.")
            self._say(said, Tone.TEXT, "info")
            self.refresh()

        def failed(error: AppError) -> None:
            self._say(f"{error.message} {error.todo}", Tone.BAD, "step-fail")

        self._context.tasks.ask(lambda: keys.forget(url, settings), over, failed)

    def _busy(self, is_busy: bool) -> None:
        for one in (self.key, self.save, self.test, self.forget):
            one.setEnabled(not is_busy)
        if not is_busy:
            self._can()
            self.refresh()

    def _say(self, text: str, tone: Tone, shape: str) -> None:
        self.result.setText(breakable(text))
        self.result.set_tone(tone)
        self.result.setVisible(bool(text))
        self._result_shape.show_shape(shape, tone, "")
        self._result_shape.setVisible(bool(text))

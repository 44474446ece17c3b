"""What needs a person, and nothing else. Empty when all is well."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context, Page
from runferry.desktop.look.theme import GRID, HEAD, MARGIN, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.empty import Empty
from runferry.desktop.parts.labels import Label, Line
from runferry.desktop.parts.panel import Scroll
from runferry.desktop.problems.card import ProblemCard
from runferry.desktop.problems.fixing import Fixing
from runferry.desktop.problems.groups import Group, grouped
from runferry.desktop.text import plural, tr
from runferry.status import Problem


class ProblemsPage(Page):
    """Cards are kept while their problem lasts; what comes later is added below what is there."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._fixing = Fixing(context)
        self._problems: tuple[Problem, ...] = ()
        self.cards: dict[str, ProblemCard] = {}
        self.count = Label(tone=Tone.SUBTLE)
        self._stack = QStackedWidget()
        self._scroll = Scroll(tr("Problems"))
        self._scroll.column.addStretch(1)
        self.empty = Empty(
            "state-verified",
            tr("Nothing needs you"),
            tr("A server that does not answer is tried again by itself: Network shows when."),
            Button(tr("Open Network"), lambda: context.shell.go("network"), "nav-network"),
        )
        self._stack.addWidget(self._scroll)
        self._stack.addWidget(self.empty)
        self._build()
        self._show([])

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(MARGIN, MARGIN, MARGIN, GRID + 4)
        head.setSpacing(GRID)
        head.addStrut(HEAD)
        head.addWidget(Label(tr("Problems"), Size.TITLE, bold=True))
        head.addStretch(1)
        head.addWidget(self.count)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(Line())
        box.addWidget(self._stack, 1)

    def take(self, update: Update) -> None:
        """Problems came or went."""
        if update.overview.problems != self._problems:
            self._problems = update.overview.problems
            self._show(grouped(self._problems))

    def open(self, subject: str) -> None:
        """`subject`: a problem's id, a run's folder or a server, whose card is brought into view."""
        for card in self.cards.values():
            if any(subject in (one.id, one.subject) for one in card.group.problems):
                self._scroll.ensureWidgetVisible(card)
                (card.fix if card.fix.isVisibleTo(card) else card.show_it).setFocus()
                return

    def _show(self, groups: list[Group]) -> None:
        wanted = {one.key: one for one in groups}
        for key in [key for key in self.cards if key not in wanted]:
            card = self.cards.pop(key)
            card.hide()
            card.deleteLater()
        for key, group in wanted.items():
            if key in self.cards:
                self.cards[key].show_group(group)
            else:
                card = self.cards[key] = ProblemCard(group, self._fixing)
                self._scroll.column.insertWidget(self._scroll.column.count() - 1, card)
        number = sum(len(one.problems) for one in groups)
        self.count.setText(plural(number, "{n} problem", "{n} problems") if number else "")
        self._stack.setCurrentIndex(0 if groups else 1)

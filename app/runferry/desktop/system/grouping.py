"""Many pieces of news become one notification: 37 runs finished. Needs no window, no clock and no timer of its own.

News of one kind is held back for a moment, as the runs of an array end together; what comes soon after is added to the
notification that is still there, which is replaced. Nothing is shown while notifications are snoozed, and what came
meanwhile is not made up for: the window shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from runferry.desktop.system.news import News, NewsKind
from runferry.desktop.text import plural, tr

GATHER = 2.0
"""Seconds that news waits for more of its kind."""
LONGEST = 10.0
"""Seconds that it waits at most, while more and more comes."""
TOGETHER = 120.0
"""Seconds in which a notification grows instead of being followed by another one."""
NAMED = 3
"""So many runs are named; the others are counted."""

_MANY = {
    NewsKind.FINISHED: "{n} runs finished",
    NewsKind.CRASHED: "{n} runs ended badly",
    NewsKind.QUIET: "{n} runs went quiet",
    NewsKind.ATTENTION: "{n} things need you",
    NewsKind.DAMAGE: "{n} runs are damaged",
}


@dataclass(frozen=True)
class Note:
    """One notification. A later one of the same kind with `is_update` takes the place of the one before."""

    kind: NewsKind
    title: str
    text: str
    subjects: tuple[str, ...]
    is_update: bool = False


@dataclass
class _Pile:
    """News of one kind: what waits, and what the notification that is shown tells."""

    waiting: dict[str, News] = field(default_factory=dict)
    first: float = 0.0
    latest: float = 0.0
    shown: dict[str, News] = field(default_factory=dict)
    shown_at: float | None = None


class Grouping:
    """Takes news and gives notifications when they are due. Times are seconds that never jump.

    is_wanted: whether a kind is switched on, asked when its notification is due.
    """

    def __init__(self, is_wanted: Callable[[NewsKind], bool] = lambda _: True) -> None:
        self._is_wanted = is_wanted
        self._piles = {kind: _Pile() for kind in NewsKind}

    def add(self, news: Iterable[News], now: float) -> None:
        """Keep until it is due; the latest about a subject counts."""
        for one in news:
            pile = self._piles[one.kind]
            if not pile.waiting:
                pile.first = now
            pile.latest = now
            pile.waiting[one.subject] = one

    def due_at(self) -> float | None:
        """When `due` has something next; None where nothing waits."""
        return min((_due(one) for one in self._piles.values() if one.waiting), default=None)

    def due(self, now: float, is_snoozed: bool = False) -> list[Note]:
        """What is to be shown now."""
        notes = []
        for kind, pile in self._piles.items():
            if not pile.waiting or _due(pile) > now:
                continue
            news, pile.waiting = pile.waiting, {}
            if not is_snoozed and self._is_wanted(kind):
                notes.append(_show(kind, pile, news, now))
        return notes

    def forget(self, kind: NewsKind) -> None:
        """The notification of this kind is gone: the next one begins anew."""
        self._piles[kind].shown, self._piles[kind].shown_at = {}, None

    def withdraw(self, kind: NewsKind, subjects: Iterable[str]) -> bool:
        """These are well again. Whether the notification that is shown tells of nothing else and should go."""
        pile = self._piles[kind]
        was_shown = bool(pile.shown)
        for subject in subjects:
            pile.waiting.pop(subject, None)
            pile.shown.pop(subject, None)
        if not was_shown or pile.shown:
            return False
        self.forget(kind)
        return True


def _due(pile: _Pile) -> float:
    return min(pile.latest + GATHER, pile.first + LONGEST)


def _show(kind: NewsKind, pile: _Pile, news: dict[str, News], now: float) -> Note:
    is_update = pile.shown_at is not None and now - pile.shown_at <= TOGETHER
    pile.shown = {**pile.shown, **news} if is_update else news
    pile.shown_at = now
    return note_of(kind, list(pile.shown.values()), is_update)


def note_of(kind: NewsKind, news: list[News], is_update: bool = False) -> Note:
    """The words for one or many; `news` is not empty."""
    subjects = tuple(one.subject for one in news)
    if len(news) == 1:
        return Note(kind, news[0].title, news[0].text, subjects, is_update)
    names = [one.name for one in news[-NAMED:]]
    left = len(news) - len(names)
    text = ", ".join(names) + (" " + tr("and {n} more", n=f"{left:,}") if left else "")
    return Note(kind, plural(len(news), _MANY[kind], _MANY[kind]), text, subjects, is_update)

"""The tray's menu. Its entries stay the same objects and change their texts in place: panels that draw the menu
themselves do not always ask before they show it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from runferry.desktop.bridge import Update
from runferry.desktop.look import amounts
from runferry.desktop.own_server import is_own
from runferry.desktop.runs.columns import run_name
from runferry.desktop.summary import Summary
from runferry.desktop.text import plural, tr
from runferry.inert import inert
from runferry.status import ConnectionState, RunStatus

LONGEST_NAME = 40


@dataclass(frozen=True)
class Wishes:
    """What the menu's entries ask for."""

    open: Callable[[], None]
    open_run: Callable[[RunStatus], None]
    show_folder: Callable[[RunStatus], None]
    stop_run: Callable[[RunStatus], None]
    sync_now: Callable[[], None]
    pause: Callable[[str], None]  # for how long: a word that `runferry pause --for` knows, or empty: until resumed
    resume: Callable[[], None]
    problems: Callable[[], None]
    snooze: Callable[[float], None]  # minutes; 0: no longer
    dashboard: Callable[[], None]
    settings: Callable[[], None]
    quit: Callable[[], None]


@dataclass
class _Place:
    """The menu of a live run; it stays, and is hidden while there is none."""

    menu: QMenu
    run: RunStatus | None = None


class TrayMenu(QObject):
    """Owns the menu; `show_update` and `show_summary` bring it up to date."""

    def __init__(self, wishes: Wishes) -> None:
        super().__init__()
        self._wishes = wishes
        self._places: list[_Place] = []
        self.menu = QMenu()
        self.status = self._said(self.menu)
        self.retry = self._said(self.menu)
        self.menu.addSeparator()
        self._entry(self.menu, tr("Open Runferry"), wishes.open)
        self.live = self.menu.addMenu(tr("Live runs"))
        self._entry(self.menu, tr("Sync now"), wishes.sync_now)
        self.pause = self.menu.addMenu(tr("Pause syncing"))
        for title, word in (
            (tr("For 30 minutes"), "30m"),
            (tr("For 1 hour"), "1h"),
            (tr("Until tomorrow"), "tomorrow"),
            (tr("Until I resume"), ""),
        ):
            self._entry(self.pause, title, partial(wishes.pause, word))
        self.resume = self._entry(self.menu, tr("Resume syncing"), wishes.resume)
        self.problems = self._entry(self.menu, "", wishes.problems)
        self.snooze = self.menu.addMenu(tr("Snooze notifications"))
        for title, minutes in (
            (tr("For 30 minutes"), 30.0),
            (tr("For 1 hour"), 60.0),
            (tr("For 8 hours"), 480.0),
            (tr("Notify me again"), 0.0),
        ):
            self._entry(self.snooze, title, partial(wishes.snooze, minutes))
        self.menu.addSeparator()
        self.local = self.menu.addMenu(tr("Local server"))
        self.local_state = self._said(self.local)
        self._entry(self.local, tr("Open in the browser"), wishes.dashboard)
        self._entry(self.menu, tr("Settings…"), wishes.settings)
        self._entry(self.menu, tr("Quit"), wishes.quit)
        self.retry.setVisible(False)
        self.resume.setVisible(False)
        self.problems.setVisible(False)

    def _said(self, menu: QMenu) -> QAction:
        action = menu.addAction("")
        action.setEnabled(False)
        return action

    def _entry(self, menu: QMenu, title: str, do: Callable[[], object]) -> QAction:
        action = menu.addAction(title)
        action.triggered.connect(lambda: do())
        return action

    # -- what it shows ------------------------------------------------------------------------------------------------

    def show_summary(self, summary: Summary) -> None:
        """The first lines."""
        _text(self.status, summary.sentence)
        self.retry.setVisible(bool(summary.retry) and summary.retry != summary.sentence)
        _text(self.retry, summary.retry)

    def show_update(self, update: Update) -> None:
        """Pauses, problems, live runs, the local server."""
        paused = [one for one in update.overview.servers if one.state is ConnectionState.PAUSED]
        self.resume.setVisible(bool(paused) or update.overview.is_paused)
        number = len(update.overview.problems) or update.totals.problems
        self.problems.setVisible(number > 0)
        _text(self.problems, plural(number, "{n} problem…", "{n} problems…"))
        local = next((one for one in update.overview.servers if is_own(one.url)), None)
        self.local.menuAction().setVisible(local is not None)
        if local is not None:
            _text(self.local_state, tr("Running at {url}", url=local.url.partition("://")[2]))
        self._show_live(update.live, update.totals.live)

    def _show_live(self, shown: tuple[RunStatus, ...], number: int) -> None:
        self.live.menuAction().setVisible(bool(shown))
        _text(self.live.menuAction(), plural(number, "{n} live run", "{n} live runs"))
        left = {one.key: one for one in shown}
        for place in self._places:
            place.run = left.pop(place.run.key, None) if place.run is not None else None
        for run in left.values():
            self._free_place().run = run
        for place in self._places:
            place.menu.menuAction().setVisible(place.run is not None)
            if place.run is not None:
                _text(place.menu.menuAction(), live_text(place.run))

    def _free_place(self) -> _Place:
        """A run stays in its place while it lives, so that nobody clicks another one than they see."""
        free = next((one for one in self._places if one.run is None), None)
        if free is None:
            free = _Place(self.live.addMenu(""))
            self._places.append(free)
            self._entry(free.menu, tr("Open"), partial(_for_run, self._wishes.open_run, free))
            self._entry(free.menu, tr("Show in folder"), partial(_for_run, self._wishes.show_folder, free))
            self._entry(free.menu, tr("Stop…"), partial(_for_run, self._wishes.stop_run, free))
        return free


def _for_run(wish: Callable[[RunStatus], None], place: _Place) -> None:
    if place.run is not None:
        wish(place.run)


def live_text(run: RunStatus) -> str:
    """resnet-7   step 12,400   loss 0.231"""
    name = run_name(run)
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    parts = [short]
    if run.last_step is not None:
        parts.append(tr("step {n}", n=amounts.count(run.last_step)))
    if run.metric:
        parts.append(run.metric)
    return "   ".join(parts)


def _text(action: QAction, text: str) -> None:
    """Only what changed: panels redraw the whole menu for each change."""
    text = inert(text).replace("&", "&&")  # a single one underlines the letter behind it
    if action.text() != text:
        action.setText(text)

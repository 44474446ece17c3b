"""What can be done with runs: each asked of the engine off the window's thread, each with its word when it worked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu

from runferry.desktop.context import Context
from runferry.desktop.look import icons
from runferry.desktop.runs.columns import run_name
from runferry.desktop.runs.stop_sheet import StopSheet
from runferry.desktop.text import plural, tr
from runferry.engine.stopping import Target, targets_of
from runferry.errors import AppError
from runferry.status import RunState, RunStatus, SyncState


class RunActions:
    """For one run or for many."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def sync(self, runs: list[RunStatus]) -> None:
        """Send now what waits, and ask again what had trouble; each to where it goes."""
        if not runs:
            return
        engine = self._context.engine

        def work() -> None:
            errors: list[AppError] = []
            for run in runs:
                try:
                    engine.sync_again(run)
                except AppError as error:  # the others can go on
                    errors.append(error)
            if errors:
                raise errors[0]

        self._context.do(work, plural(len(runs), "Syncing {n} run", "Syncing {n} runs"))

    def add(self, runs: list[RunStatus]) -> None:
        """The sheet that asks where to: another server or project, or as a new run."""
        self._context.shell.add([Path(one.path) for one in runs])

    def pause(self, runs: list[RunStatus]) -> None:
        """Send nothing more of these."""
        engine = self._context.engine
        self._for_each(runs, engine.pause_run, tr("Paused"))

    def resume(self, runs: list[RunStatus]) -> None:
        """Go on with these."""
        engine = self._context.engine
        self._for_each(runs, engine.resume_run, tr("Resumed"))

    def retry(self, runs: list[RunStatus]) -> None:
        """Try again what has a problem."""
        engine = self._context.engine
        self._for_each(runs, engine.retry_run, tr("Trying again"))

    def stop(self, run: RunStatus) -> None:
        """End its training, after a person has said so once more."""
        engine, shell = self._context.engine, self._context.shell

        def stop_now() -> None:
            shell.close_sheet()
            self._context.tasks.run(lambda: engine.stop_run(run.path), failed=shell.tell)
            shell.toast(tr("Stopping {name}", name=run_name(run)))

        def ask(targets: list[Target]) -> None:
            shell.bring_up()
            if not shell.make_room():
                return
            body = StopSheet(run_name(run), targets, stop_now, shell.close_sheet)
            shell.sheet(tr("Stop this training?"), body, 520, 260)

        self._context.tasks.run(lambda: targets_of(engine, run.path), ask, shell.tell)

    def _for_each(self, runs: list[RunStatus], ask: Callable[[str], None], said: str) -> None:
        def work() -> None:
            for run in runs:
                ask(run.path)

        self._context.do(work, said)

    def open_folder(self, run: RunStatus) -> None:
        """In the file manager."""
        self._context.open_folder(run.path)

    def open_web(self, run: RunStatus) -> None:
        """On its server."""
        self._context.open_page(run.url)

    def take_off(self, runs: list[RunStatus]) -> None:
        """Show them no longer; nothing is deleted."""
        paths = list(dict.fromkeys(one.path for one in runs))
        said = plural(len(paths), "{n} run taken off the list", "{n} runs taken off the list")
        self._context.do(lambda: self._context.engine.remembered.take_off(paths), said)

    def free_up(self, runs: list[RunStatus]) -> None:
        """The sheet that tells which of these folders could go, and puts them into the trash."""
        self.free_up_in([Path(path) for path in dict.fromkeys(one.path for one in runs)])

    def free_up_in(self, roots: list[Path]) -> None:
        """The same for folders that are runs, or hold some."""
        from runferry.desktop.cleaning.sheet import HEIGHT, WIDTH, CleaningSheet

        shell = self._context.shell
        shell.sheet(tr("Free up space"), CleaningSheet(self._context, roots, shell.close_sheet), WIDTH, HEIGHT)

    def copy_links(self, runs: list[RunStatus]) -> None:
        """To the clipboard, one per line."""
        links = [one.url for one in runs if one.url]
        QApplication.clipboard().setText("\n".join(links))
        self._context.shell.toast(plural(len(links), "Link copied", "{n} links copied"))


def fill_menu(menu: QMenu, actions: RunActions, runs: list[RunStatus], opened: Callable[[RunStatus], None]) -> None:
    """The menu of some runs; what makes no sense for them is greyed out."""

    def entry(title: str, icon: str, do: Callable[[], object], enabled: bool = True) -> QAction:
        action = menu.addAction(icons.icon(icon), title)
        action.triggered.connect(lambda: do())
        action.setEnabled(enabled)
        return action

    one = runs[0] if len(runs) == 1 else None
    linked = [run for run in runs if run.url]
    paused = [run for run in runs if run.state is SyncState.PAUSED]
    troubled = [run for run in runs if run.state in (SyncState.PROBLEM, SyncState.RETRYING)]
    if one is not None:
        entry(tr("Open"), "eye", lambda: opened(one))
        menu.addSeparator()
    entry(tr("Sync now"), "sync-now", lambda: actions.sync(runs))
    if troubled:
        entry(tr("Retry"), "retry", lambda: actions.retry(troubled))
    if paused:
        entry(tr("Resume"), "play", lambda: actions.resume(paused))
    entry(tr("Pause"), "pause", lambda: actions.pause(runs), enabled=len(paused) < len(runs))
    if one is not None and one.run_state in (RunState.RUNNING, RunState.QUIET):
        entry(tr("Stop the training…"), "stop", lambda: actions.stop(runs[0]))
    entry(tr("Sync to another place, or as new…"), "send-to", lambda: actions.add(runs))
    menu.addSeparator()
    entry(
        tr("Open on the web"), "open-web", lambda: actions.open_web(runs[0]), enabled=one is not None and bool(linked)
    )
    entry(plural(len(linked), "Copy link", "Copy {n} links"), "link", lambda: actions.copy_links(runs), bool(linked))
    entry(tr("Show in folder"), "open-folder", lambda: actions.open_folder(runs[0]), enabled=one is not None)
    menu.addSeparator()
    entry(tr("Remove from list"), "clear", lambda: actions.take_off(runs))
    entry(tr("Free up space…"), "trash", lambda: actions.free_up(runs))

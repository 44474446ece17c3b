"""What the tray's menu does: the same as the window's buttons, through the same engine."""

from __future__ import annotations

import time
from collections.abc import Callable

from runferry.desktop.context import Context
from runferry.desktop.own_server import is_own
from runferry.desktop.runs.actions import RunActions
from runferry.desktop.text import tr
from runferry.desktop.tray.menu import Wishes
from runferry.engine.pauses import end_of
from runferry.status import RunStatus


def tray_wishes(context: Context, end: Callable[[], None], snooze: Callable[[float], None]) -> Wishes:
    """`end` ends the app; `snooze` silences notifications for minutes."""
    actions, engine, shell = RunActions(context), context.engine, context.shell

    def open_run(run: RunStatus) -> None:
        shell.go("runs", run.key)
        shell.bring_up()

    def problems() -> None:
        shell.go("problems")
        shell.bring_up()

    def settings() -> None:
        shell.go("settings")
        shell.bring_up()

    def pause(how_long: str) -> None:
        context.do(lambda: engine.pause("", end_of(how_long, time.time())), tr("Paused"))

    def dashboard() -> None:
        local = next((one for one in engine.overview().servers if is_own(one.url)), None)
        if local is not None:
            context.open_page(local.url)

    return Wishes(
        open=shell.bring_up,
        open_run=open_run,
        show_folder=actions.open_folder,
        stop_run=actions.stop,
        sync_now=lambda: context.do(lambda: engine.try_now("")),
        pause=pause,
        resume=lambda: context.do(lambda: engine.try_now(""), tr("Resumed")),
        problems=problems,
        snooze=snooze,
        dashboard=dashboard,
        settings=settings,
        quit=end,
    )

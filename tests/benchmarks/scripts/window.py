"""Run by our Python on a desktop: the app, or a table, watched from inside. Arguments: what, where the JSON goes.

The state folder, what is watched and the server come from the environment. Ends by itself.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import runferry.desktop  # noqa: F401 -- before Qt, as when the app starts

# isort: split

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from runferry.desktop.launch import DesktopApp, application, make_fluent
from runferry.engine.engine import Engine
from runferry.paths import find_home
from runferry.settings import Settings
from runferry.status import RunState, RunStatus, SyncState

PATIENCE = 300.0
QUIET = 5.0  # seconds in which the app comes to rest before it is weighed
TICK = 16  # milliseconds
LIVE = 5
MANY = 10_000


def wait(condition: Callable[[], bool]) -> None:
    """Run the event loop, as the app does, until something is so."""
    deadline = time.monotonic() + PATIENCE
    loop, look = QEventLoop(), QTimer(interval=200)
    look.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > deadline else None)
    look.start()
    loop.exec()
    if not condition():
        raise TimeoutError("the app did not come that far")


def with_app(work: Callable[[DesktopApp], dict[str, Any]]) -> dict[str, Any]:
    """The whole app around an engine, as it starts by itself."""
    home = find_home()
    made = application()
    make_fluent()
    with Engine(home, Settings.load(home.settings_file)) as engine:
        app = DesktopApp(made, engine)
        app.start()
        app.window.close_sheet()
        try:
            return work(app)
        finally:
            app.stop()


def memory(app: DesktopApp) -> dict[str, Any]:
    """Resident memory in MiB with the list in sight; the local server is another process."""
    wanted = int(sys.argv[3])
    _rest(lambda: len(app.bridge.runs) >= wanted)
    return {"MiB": _resident(), "runs": len(app.bridge.runs), "shown": app.window.isVisible()}


def lateness(app: DesktopApp) -> dict[str, Any]:
    """How many milliseconds later than due each tick came, from when the large run came until it is verified."""
    late: list[float] = []
    before = 0.0

    def runs() -> list[RunStatus]:
        return list(app.bridge.runs.values())

    def live() -> int:
        return sum(one.run_state is RunState.RUNNING for one in runs())

    _rest(lambda: live() >= LIVE)

    def tick() -> None:
        nonlocal before
        now = time.perf_counter()
        if before:
            late.append(max(0.0, (now - before) * 1000 - TICK))
        before = now

    timer = QTimer(interval=TICK, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start()
    begin = time.monotonic()
    Path(sys.argv[3]).rename(sys.argv[4])
    wait(lambda: any(one.rows >= 100_000 and one.state is SyncState.VERIFIED for one in runs()))
    timer.stop()
    return {"ms": late, "seconds": time.monotonic() - begin}


def table() -> dict[str, Any]:
    """The longest that each kind of call kept the window's thread, drawing included, in milliseconds."""
    from runferry.desktop.memory import Memory
    from runferry.desktop.runs.columns import COLUMNS, Filter
    from runferry.desktop.runs.model import RunsModel
    from runferry.desktop.runs.table import RunsTable

    made = application()
    model = RunsModel()
    view = RunsTable(model, Memory(None))
    view.resize(800, 600)
    view.show()
    made.processEvents()
    longest: dict[str, float] = {}
    busiest: dict[str, float] = {}

    def timed(name: str, call: Callable[[], object]) -> None:
        begin, used = time.perf_counter(), time.thread_time()
        call()
        QApplication.processEvents()
        longest[name] = max(longest.get(name, 0.0), (time.perf_counter() - begin) * 1000)
        busiest[name] = max(busiest.get(name, 0.0), (time.thread_time() - used) * 1000)

    runs = [_run(number) for number in range(MANY)]
    timed("fill", lambda: model.take(runs, ()))
    bar = view.verticalScrollBar()
    for step in range(300):
        timed("scroll", lambda step=step: bar.setValue(bar.maximum() * step // 300))  # type: ignore[misc]
    for text in ("s", "sw", "swe", "sweep", "sweep 0", "sweep 00", "sweep 009", "sweep 00", "", "no such run", ""):
        timed("filter", lambda text=text: model.filter(Filter(text)))  # type: ignore[misc]
    for kind in Filter.KINDS:
        timed("filter by state", lambda kind=kind: model.filter(Filter("", kind)))  # type: ignore[misc]
    model.filter(Filter())
    for column in range(len(COLUMNS)):
        for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
            timed("sort", lambda column=column, order=order: view.sortByColumn(column, order))  # type: ignore[misc]
    view.selectAll()
    timed("sort with all selected", lambda: view.sortByColumn(1, Qt.SortOrder.AscendingOrder))
    view.clearSelection()
    for step in range(20):
        some = [replace(one, rows_acknowledged=step) for one in runs[step * 100 : step * 100 + 500]]
        timed("500 runs changed", lambda some=some: model.take(some, ()))  # type: ignore[misc]
    some, many = ([_run(first + number) for number in range(count)] for first, count in ((MANY, 100), (2 * MANY, 5000)))
    timed("100 runs came", lambda: model.take(some, ()))
    timed("100 runs went", lambda: model.take((), [f"key{number}" for number in range(100)]))
    timed("5,000 runs came", lambda: model.take(many, ()))
    for _ in range(20):
        timed("a second passed", lambda: model.tick(time.time()))
    return {"ms": longest, "processor_ms": busiest, "rows": model.rowCount()}


def _rest(condition: Callable[[], bool]) -> None:
    """Until something is so, and a while more."""
    wait(condition)
    quiet = time.monotonic() + QUIET
    wait(lambda: time.monotonic() > quiet)


def _run(number: int) -> RunStatus:
    state = list(SyncState)[number % 7]
    name = f"sweep {number:05} " + "lr=3e-4,wd=0.05,depth=12," * (number % 8)
    return RunStatus(
        f"/runs/project/wandb/offline-run-{number}", f"id{number:05}", "team", f"project-{number % 9}", name,
        "https://wandb.company.com", "https://wandb.company.com/x", state, RunState.FINISHED, rows=number,
        rows_acknowledged=number // 2, bytes_read=number * 99, bytes_total=number * 100, last_step=number * 7 % 977,
        started=1.8e9 - number * 7919 % MANY, key=f"key{number}",
    )  # fmt: skip


def _resident() -> float:
    text = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS:"))


if __name__ == "__main__":
    what = sys.argv[1]
    found = table() if what == "table" else with_app({"memory": memory, "lateness": lateness}[what])
    Path(sys.argv[2]).write_text(json.dumps(found))

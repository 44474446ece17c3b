"""The window, on a real X display with a window manager and a tray host: start, memory, lateness, a long table.

Start: from the command until the tray host was given the icon, five times after one that warms the disk's cache.
Memory: with the window open and 1,000 runs in its list. Lateness: of a 16 ms timer in the window's thread, from when
a run of 100,000 rows comes beside five live ones until it is verified. Table: 10,000 runs, the longest that any call
kept that thread. Where there is no X server, it is Qt's platform without a display, and the table of figures says so;
then the start cannot be measured. There is no such program by W&B to put beside it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from figures import Figure, Result, at_most, median, percentile
from idle import FINISHED, finished_runs
from official_runs import LARGE_ROWS, large
from rig import CHECKOUT, DEADLINE, OURS, SCRIPTS, environment, run, serving, started

sys.path.insert(0, str(CHECKOUT / "tests"))

STARTS = 5
LIVE = 5
NEEDED = ("Xvfb", "openbox", "dbus-daemon")


def measure(folder: Path) -> Result:
    """All four."""
    figures: list[Figure] = []
    samples: dict[str, Any] = {}
    with surroundings() as (environ, tray):
        where = "" if tray is not None else " (no X display here)"
        if tray is not None:
            samples["start_s"] = _starts(folder, environ, tray)
            figures.append(at_most("start of the app to its tray icon", "s", median(samples["start_s"]), None, 1.0))
        samples["memory"] = _memory(folder, environ)
        name = f"memory with the window open and {FINISHED:,} runs{where}"
        figures.append(at_most(name, "MiB", samples["memory"]["MiB"], None, 124))  # which is 130 MB
        samples["lateness"] = _lateness(folder, environ)
        late = samples["lateness"]["ms"]
        about = f"lateness of a 16 ms timer: {LIVE} live runs, one of {LARGE_ROWS:,} rows synced{where}"
        figures.append(at_most(f"{about}, p99", "ms", percentile(late, 0.99), None, 16))
        figures.append(Figure("the same, at most", "ms", max(late)))
        samples["table"] = _child("table", folder, environ)
        longest = samples["table"]["ms"]
        worst = max(longest, key=lambda one: float(longest[one]))
        name = f"table of 10,000 runs, longest call ({worst}){where}"
        figures.append(at_most(name, "ms", longest[worst], None, 50))
    return Result(figures, samples)


@contextlib.contextmanager
def surroundings() -> Iterator[tuple[dict[str, str], Any]]:
    """Variables of a desktop, and its tray host; without programs for that, Qt's own platform and None."""
    if not all(shutil.which(one) for one in NEEDED):
        yield {"QT_QPA_PLATFORM": "offscreen"}, None
        return
    from desktop.rig.desktop import Desktop, Wanted

    with Desktop(Wanted("sni", has_keyring=False)) as made:
        yield made.environ, made.tray


def _environ(folder: Path, environ: dict[str, str], **more: str) -> dict[str, str]:
    return {**environment(folder), **{name: value for name, value in environ.items() if name != "HOME"}, **more}


def _starts(folder: Path, environ: dict[str, str], tray: Any) -> list[float]:
    found = []
    for number in range(STARTS + 1):
        env = _environ(folder / "start", environ)
        seen = len(tray.events("item"))
        begin = time.perf_counter()
        with started([OURS / "runferry"], env, folder) as process:
            while len(tray.events("item")) == seen:
                if process.poll() is not None or time.perf_counter() - begin > DEADLINE:
                    raise RuntimeError("the app showed no icon")
                time.sleep(0.002)
            if number:
                found.append(time.perf_counter() - begin)
    return found


def _memory(folder: Path, environ: dict[str, str]) -> dict[str, Any]:
    watched = folder / "watched"
    finished_runs(watched, folder)
    with serving(folder) as server:
        env = _environ(folder / "memory", environ, RUNFERRY_FOLDERS=str(watched), RUNFERRY_SERVER=server.url)
        return _child("memory", folder, {**env, "WANDB_API_KEY": server.key, "WANDB_BASE_URL": server.url}, FINISHED)


def _lateness(folder: Path, environ: dict[str, str]) -> dict[str, Any]:
    watched = folder / "live"
    source = large()
    shutil.copytree(source, folder / source.name)
    with serving(folder / "lateness-server") as server, contextlib.ExitStack() as stack:
        for _ in range(LIVE):
            where = {**environment(folder / "home"), "WANDB_DIR": str(watched)}
            command = [OURS / "python", SCRIPTS / "idle.py", "", "20", "0.2", "600"]
            stack.enter_context(started(command, where, folder))
        env = _environ(folder / "lateness", environ, RUNFERRY_FOLDERS=str(watched), RUNFERRY_SERVER=server.url)
        env |= {"WANDB_API_KEY": server.key, "WANDB_BASE_URL": server.url}
        return _child("lateness", folder, env, folder / source.name, watched / "wandb" / source.name)


def _child(what: str, folder: Path, environ: dict[str, str], *more: object) -> dict[str, Any]:
    out = folder / f"{what}.json"
    command = [OURS / "python", SCRIPTS / "window.py", what, out, *map(str, more)]
    run(command, environ if "RUNFERRY_HOME" in environ else _environ(folder / what, environ), folder)
    found: dict[str, Any] = json.loads(out.read_text())
    return found

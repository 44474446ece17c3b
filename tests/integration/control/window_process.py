"""Stands for the window, without Qt: takes the place as `runferry` does, watches, and ends when it is told to.

Prints ``raised`` when there was a window already, else ``up``, then one line per event that a window acts on.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from runferry.cli.home import owned_engine, prepare
from runferry.cli.taking_over import take_place
from runferry.events import Event


def main() -> int:
    around, ending = prepare(), threading.Event()
    if not take_place(around, [Path(one) for one in sys.argv[1:]]):
        print("raised", flush=True)
        return 0

    def heard(event: Event) -> None:
        if event.kind in ("show", "add", "quit"):
            print(event.kind, event.subject if event.kind == "add" else "", flush=True)
        if event.kind == "quit":
            ending.set()

    with owned_engine(around, "app") as engine:
        engine.bus.subscribe(heard)
        engine.watching.begin()
        print("up", flush=True)
        ending.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())

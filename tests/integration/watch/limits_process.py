"""Run by test_limits.py in a user namespace of its own, where few watches are allowed: prints what the watcher does."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from runferry.watch.watcher import Watcher


def main() -> int:
    root = Path(sys.argv[1])
    found: set[str] = set()
    grew = threading.Event()
    enough = threading.Event()

    def on_found(path: Path) -> None:
        found.add(path.name)
        if len(found) == 10:
            enough.set()

    watcher = Watcher(
        [root],
        on_found,
        lambda _: grew.set(),
        lambda _: None,
        rescan_interval=0.05,
        poll_interval=0.05,
    )
    watcher.start()
    all_found = enough.wait(20)
    log = next(root.glob("p7/wandb/*/run-*.wandb"))
    watcher.follow(log)
    with log.open("ab") as file:
        file.write(b"row")
    told = grew.wait(20)
    # Until the first scan has tried to watch all places, there is no reason to tell.
    waited = threading.Event()
    for _ in range(400):
        if watcher.status()[0].reason:
            break
        waited.wait(0.05)
    [status] = watcher.status()
    print(json.dumps({"found": all_found, "grew": told, "method": status.method, "reason": status.reason}))
    watcher.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

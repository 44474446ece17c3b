"""Run by test_processes.py in a process of its own: owns the folder, serves, prints ``ready``, waits for its end."""

from __future__ import annotations

import os
import sys

from runferry.control import ControlServer, Occupied, Owner, Request
from runferry.control.server import Reply
from runferry.paths import find_home


def handle(request: Request, reply: Reply) -> int:
    reply.progress({"pid": os.getpid()})
    if request.command == "hang":
        reply.cancelled.wait(60)
    return 3


def main() -> int:
    home = find_home()
    owner = Owner(home, "watch")
    try:
        owner.acquire(timeout=0)
    except Occupied as error:
        print("occupied", error.info.pid if error.info else None, flush=True)
        return 4
    server = ControlServer(home, handle)
    server.start()
    print("ready", flush=True)
    sys.stdin.read()
    server.stop()
    owner.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())

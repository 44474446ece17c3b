"""A `runferry watch` in which reading one log never ends, as by a fault of ours: a part that is stuck."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from runferry import leaving
from runferry.at_work import AT_WORK
from runferry.engine.stuck_parts import StuckParts
from runferry.formats.log_reader import LogReader
from runferry.right_of_way import Turns

read = LogReader.read


def stand_still_at_this_line(reader: LogReader, *given: object, **named: object) -> object:
    if "stuck" in Path(reader.path).name:
        threading.Event().wait()
    return read(reader, *given, **named)  # type: ignore[arg-type]


LogReader.read = stand_still_at_this_line  # type: ignore[assignment,method-assign]
StuckParts.use = lambda self, settings: None  # type: ignore[method-assign]  # the patience below stays
AT_WORK.patience = 2.0
Turns.__init__.__defaults__ = (3.0,)  # type: ignore[misc]
leaving.begin.__defaults__ = (3.0, None)

if __name__ == "__main__":
    from runferry.__main__ import main

    sys.argv = ["runferry", "watch", sys.argv[1]]
    sys.exit(main())

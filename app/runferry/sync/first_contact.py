"""The first meeting of a log and a run on a server: is what the server has ours already?

With a ledger this is not asked, the ledger wins. Without one (first contact, or the state was lost) the server's last
line is compared with the log's line of the same number: equal means that it was sent before and is adopted, never
sent again. Anything else on the server belongs to another log of the same run, and ours goes behind it.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from runferry.errors import NeedsUser
from runferry.remote.runs import RemoteRun
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync.source import Source

NOTHING = {"history": 0, "events": 0, "console": 0}


def settle(
    ledger: Ledger, delivery: Delivery, remote: RemoteRun | None, log: Path, permit: threading.Semaphore
) -> None:
    """Adopt what the server has of this log, or note how many foreign lines stand before ours.

    Raises NeedsUser when the server has lost what it once acknowledged.
    """
    known = sum(delivery.acknowledged.values()) > 0
    have = remote.lines if remote else NOTHING
    if known:
        expected = ledger.server_lines(delivery.target)
        if have["history"] < min(expected["history"], delivery.acknowledged["history"]):
            raise _lost(remote, have["history"], expected["history"])
        return
    if remote is None or not any(have.values()) or not ledger.is_untouched(delivery.target):
        return
    if _is_ours(remote, log, permit):
        ledger.adopt(delivery, have)
    else:
        ledger.set_base(delivery.target, have)


def _is_ours(remote: RemoteRun, log: Path, permit: threading.Semaphore) -> bool:
    """Whether the server's last lines are the lines of the same number in the log."""
    source = Source(log, permit)
    wanted = {"history": remote.lines["history"], "events": remote.lines["events"]}
    tails = {"history": remote.history_tail, "events": remote.events_tail}
    found: dict[str, str | None] = {stream: None for stream, count in wanted.items() if count}
    while any(line is None for line in found.values()):
        part = source.read()
        for stream, lines in (("history", part.history), ("events", part.events)):
            index = wanted[stream] - 1 - part.first[stream]
            if stream in found and 0 <= index < len(lines):
                found[stream] = lines[index]
        if part.at_end:
            break
    if not found:  # console lines only: nothing to compare, and nothing to lose by writing them again
        return True
    return all(line is not None and tails[stream] and same(line, tails[stream][-1]) for stream, line in found.items())


def same(one: str, other: str) -> bool:
    """Whether two JSON texts say the same; 1 and 1.0 do, NaN equals NaN."""
    try:
        return bool(plain(json.loads(one)) == plain(json.loads(other)))
    except ValueError:
        return one == other


def plain(value: Any) -> Any:
    """The value in a form in which NaN equals itself."""
    if isinstance(value, float) and value != value:
        return "NaN"
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def _lost(remote: RemoteRun | None, have: int, expected: int) -> NeedsUser:
    if remote is None:
        return NeedsUser(
            "deleted-on-server",
            "This run was deleted on the server",
            "It was there before, and the server no longer knows it.",
            "Upload it as a new run with `runferry sync --new PATH`.",
        )
    return NeedsUser(
        "rows-lost-on-server",
        "The server lost rows that it had taken",
        f"It acknowledged {expected} rows and has {have} now.",
        "Upload it as a new run with `runferry sync --new PATH`, and tell whoever runs the server.",
    )

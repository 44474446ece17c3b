"""The first meeting of a log and a run on a server: is what the server has ours already?

With a ledger this is not asked, the ledger wins; what the server lost since is sent again (see `healing`). Without one
(first contact, or the state was lost) the server's last line is compared with the log's line of the same number: equal
means that it was sent before and is adopted, never sent again. Otherwise the server's rows are read back and those of
the log are looked for among them. Anything else on the server belongs to another log of the same run, and ours goes
behind it; where that is not sure, nothing is sent.
"""

from __future__ import annotations

import threading
from pathlib import Path

from runferry.errors import NeedsUser
from runferry.formats.readers import extent
from runferry.remote.runs import RemoteRun
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync import healing, reading_back
from runferry.sync.equal import same
from runferry.sync.reading_back import Before, ReadBack, key_of
from runferry.sync.source import Source

NOTHING = {"history": 0, "events": 0, "console": 0}


def settle(
    ledger: Ledger,
    delivery: Delivery,
    remote: RemoteRun | None,
    log: Path,
    permit: threading.Semaphore,
    read_back: ReadBack,
) -> int:
    """Adopt what the server has of this log, or note how many foreign lines stand before ours.

    Gives how many rows were adopted: another machine that sees the same log may have sent them. Raises NeedsUser when
    the run was deleted on the server, or is not certainly the one that was fed and has fewer rows than it acknowledged,
    or when it may have rows of this log and nobody can tell which.
    """
    known = sum(delivery.acknowledged.values()) > 0
    have = remote.lines if remote else NOTHING
    if known:
        expected = ledger.server_lines(delivery.target)
        if have["history"] < ledger.acknowledged_end(delivery, "history"):
            if remote is None or healing.take_back(ledger, delivery, remote, have, permit) is None:
                raise _lost(remote, have["history"], expected["history"])
            return 0
        if remote is None:
            return 0
        if extent(log).size <= delivery.position:
            if ledger.is_verified(delivery.target):  # then all was as it should be: what came since is somebody else's
                ledger.raise_base(delivery.target, have)
            return 0
        adopted = _adopt_more(ledger, delivery, remote, log, permit)
        # What is still unknown is of somebody else; the log goes on behind it.
        ledger.raise_base(delivery.target, {stream: have[stream] for stream in ("history", "events")})
        return adopted
    if remote is None or not any(have.values()):
        return 0
    ours = _is_ours(remote, log, permit) if ledger.is_untouched(delivery.target) else None
    if ours is not None:
        ledger.adopt(delivery, {**have, "events": min(have["events"], ours)})
        ledger.raise_base(delivery.target, have)
        place = reading_back.place_of_row(log, permit, have["history"])
        _know_alerts(ledger, delivery, reading_back.before(log, permit, place))
        return have["history"]
    adopted = 0
    if have["history"] > ledger.count_placed(delivery.target):
        adopted = _look_for_ours(ledger, delivery, remote, log, permit, read_back)
    ledger.raise_base(delivery.target, have)
    return adopted


def _adopt_more(ledger: Ledger, delivery: Delivery, remote: RemoteRun, log: Path, permit: threading.Semaphore) -> int:
    """Another machine went on with this very log while we did not: take its lines for sent. Gives how many rows."""
    if ledger.count_deliveries(delivery.target) > 1:
        return 0
    adopted = {}
    for stream, tail in (("history", remote.history_tail), ("events", remote.events_tail)):
        first, server_first = ledger.placed_end(delivery, stream)
        more = remote.lines[stream] - server_first
        is_last = server_first == ledger.server_lines(delivery.target)[stream]
        if more <= 0 or not is_last or not tail:
            continue
        found = _line(log, permit, stream, first + more - 1)
        if found is not None and key_of(found) == key_of(tail[-1]):
            ledger.place(delivery, stream, first, more)
            adopted[stream] = first + more
    if not adopted:
        return 0
    acknowledged = {**delivery.acknowledged, **adopted}
    ledger.acknowledge(delivery, acknowledged, None, {})
    place = reading_back.place_of_row(log, permit, acknowledged["history"])
    _know_alerts(ledger, delivery, reading_back.before(log, permit, place))
    return acknowledged["history"] - delivery.acknowledged["history"]


def _line(log: Path, permit: threading.Semaphore, stream: str, number: int) -> str | None:
    """A line of the log by its number; None where it has no such line."""
    source = Source(log, permit)
    while True:
        part = source.read()
        lines = part.history if stream == "history" else part.events
        if 0 <= number - part.first[stream] < len(lines):
            return lines[number - part.first[stream]]
        if part.at_end:
            return None


def _look_for_ours(
    ledger: Ledger,
    delivery: Delivery,
    remote: RemoteRun,
    log: Path,
    permit: threading.Semaphore,
    read_back: ReadBack,
) -> int:
    """The server has rows that the ledger does not know: adopt those of this log, wherever they stand."""
    found = reading_back.find(log, permit, remote, read_back)
    if not found.is_sure:
        raise NeedsUser(
            "rows-of-unknown-origin",
            "The server may have rows of this log already",
            f"It has {remote.lines['history']} rows of this run, and it cannot be told which of them are of {log}.",
            "Nothing more is sent of it. Upload it as a new run with `runferry sync --new PATH`.",
        )
    if not found.rows:
        return 0
    have = reading_back.before(log, permit, found.next_place)
    lines = {stream: min(have.lines[stream], count) for stream, count in remote.lines.items()}
    lines["history"] = found.rows
    is_first = found.offset == 0
    places = {stream: 0 if is_first else remote.lines[stream] - count for stream, count in lines.items()}
    places["history"] = found.offset
    ledger.adopt(delivery, lines, places)
    if found.step is not None and found.is_renumbered:
        ledger.update(delivery, starting_step=found.step)
    _know_alerts(ledger, delivery, have)
    return found.rows


def _know_alerts(ledger: Ledger, delivery: Delivery, have: Before) -> None:
    """People were notified of what stands before the rows that are there."""
    for number in have.alerts:
        ledger.alert_sent(delivery, number)


def _is_ours(remote: RemoteRun, log: Path, permit: threading.Semaphore) -> int | None:
    """Whether the server's last lines are the lines of the same number in the log: then how many events it holds.

    A log without events says nothing about those on the server: they were measured by the app.
    """
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
    events = source.counts["events"]
    if found.get("events", "") is None and not events:
        del found["events"]
    # With console lines only there is nothing to compare, and nothing to lose by writing them again.
    same_lines = all(line is not None and tails[one] and same(line, tails[one][-1]) for one, line in found.items())
    return events if same_lines else None


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

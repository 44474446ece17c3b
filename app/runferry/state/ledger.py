"""What was delivered where: the questions and answers about sources, targets and deliveries.

The rule that everything rests on: a line's place on the server is written down *before* it is sent, and the
acknowledgement *after*. A crash in between sends the same line to the same place again, which servers must take as
an overwrite.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runferry.clock import Clock
from runferry.state.database import Database
from runferry.state.delivery import MEANING, Delivery
from runferry.state.links import LinkTable
from runferry.state.losses import Losses
from runferry.status import SyncState

STREAMS = ("history", "events", "console")
_STATES = frozenset(one.value for one in SyncState)


@dataclass(frozen=True)
class Placement:
    """`count` lines of a source, from line `first`, stand on the server from line `server_first`."""

    first: int
    server_first: int
    count: int


class Ledger(Losses):
    """Reads and writes the delivery tables."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database)
        self._clock = clock
        self.links = LinkTable(database)

    # -- sources and targets ------------------------------------------------------------------------------------------

    def source(self, identity: str, run_id: str, path: Path) -> int:
        """The id of a log; the same log at a new path keeps its id."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO sources (identity, run_id, path, first_seen) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (identity) DO UPDATE SET path = excluded.path",
                (identity, run_id, str(path), self._clock.time()),
            )
            (number,) = db.execute("SELECT id FROM sources WHERE identity = ?", (identity,)).fetchone()
        return int(number)

    def target(self, server: str, entity: str, project: str, run_id: str) -> int:
        """The id of a run on a server."""
        key = (server, entity, project, run_id)
        with self._database.transaction() as db:
            db.execute("INSERT OR IGNORE INTO targets (server, entity, project, run_id) VALUES (?, ?, ?, ?)", key)
            (number,) = db.execute(
                "SELECT id FROM targets WHERE server = ? AND entity = ? AND project = ? AND run_id = ?", key
            ).fetchone()
        return int(number)

    def delivery(self, source: int, target: int) -> Delivery:
        """The delivery of a source to a target; made when it is new."""
        with self._database.transaction() as db:
            db.execute("INSERT OR IGNORE INTO deliveries (source, target) VALUES (?, ?)", (source, target))
        found = self._database.row(_DELIVERY + "WHERE source = ? AND target = ?", source, target)
        assert found is not None
        return _delivery(found)

    def deliveries_of(self, path: Path) -> list[tuple[Delivery, sqlite3.Row]]:
        """Deliveries of the log that was last seen at `path`, each with its target's row."""
        found = self._database.rows(_DELIVERY + "WHERE s.path = ? ORDER BY deliveries.id", str(path))
        return [(_delivery(one), one) for one in found]

    def verified_logs(self, path: str, is_folder: bool = False) -> list[sqlite3.Row]:
        """Of the log that was last seen at `path`, or of all below it: where it is verified, and how it looked then.

        Columns `path`, `server`, `entity`, `project`, `run_id`, `verified_size`, `verified_mtime_ns`, `counts` (JSON).
        """
        if is_folder:
            return self._database.rows(_VERIFIED + "s.path > ? AND s.path < ? ORDER BY d.id", MEANING, *_below(path))
        return self._database.rows(_VERIFIED + "s.path = ? ORDER BY d.id", MEANING, path)

    def all_deliveries(self) -> list[tuple[Delivery, sqlite3.Row]]:
        """Every delivery with its target's and its log's columns, newest first."""
        found = self._database.rows(_DELIVERY + "ORDER BY deliveries.id DESC")
        return [(_delivery(one), one) for one in found]

    def paths_of(self, run_id: str) -> list[str]:
        """Where the logs lie that were delivered as a run of this id."""
        query = (
            "SELECT DISTINCT s.path FROM deliveries AS d JOIN sources AS s ON s.id = d.source "
            "JOIN targets AS t ON t.id = d.target WHERE t.run_id = ?"
        )
        return [one[0] for one in self._database.rows(query, run_id)]

    def count_deliveries(self, target: int) -> int:
        """How many logs feed a target."""
        found = self._database.row("SELECT count(*) FROM deliveries WHERE target = ?", target)
        return int(found[0]) if found else 0

    def is_verified(self, target: int) -> bool:
        """Whether the run on the server was found to be as all logs that feed it say, and nothing was sent since."""
        query = "SELECT 1 FROM deliveries WHERE target = ? AND (state != 'verified' OR meaning != ?) LIMIT 1"
        return self._database.row(query, target, MEANING) is None

    # -- places of lines ----------------------------------------------------------------------------------------------

    def is_untouched(self, target: int) -> bool:
        """True while nothing of ours has a place in a run on the server."""
        query = "SELECT 1 FROM ranges JOIN deliveries AS d ON d.id = ranges.delivery WHERE d.target = ? LIMIT 1"
        return self._database.row(query, target) is None

    def set_base(self, target: int, lines: dict[str, int]) -> None:
        """Remember how many lines the server had before the first of ours."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE targets SET history_base = ?, events_base = ?, console_base = ? WHERE id = ?",
                (lines["history"], lines["events"], lines["console"], target),
            )

    def server_lines(self, target: int) -> dict[str, int]:
        """How many lines the server must have, by what was placed there; per stream."""
        row = self._database.row("SELECT history_base, events_base, console_base FROM targets WHERE id = ?", target)
        lines = dict(zip(STREAMS, row, strict=True)) if row else dict.fromkeys(STREAMS, 0)
        for stream, end in self._database.rows(
            "SELECT stream, max(server_first + count) FROM ranges JOIN deliveries AS d ON d.id = ranges.delivery "
            "WHERE d.target = ? GROUP BY stream",
            target,
        ):
            lines[stream] = max(lines[stream], end)
        return lines

    def placed_end(self, delivery: Delivery, stream: str) -> tuple[int, int]:
        """Behind the last line of this log that has a place: its number in the log, and its place on the server."""
        found = self._database.row(
            "SELECT first + count, server_first + count FROM ranges "
            "WHERE delivery = ? AND kind = 'log' AND stream = ? ORDER BY first DESC LIMIT 1",
            delivery.id, stream,
        )  # fmt: skip
        return (int(found[0]), int(found[1])) if found else (0, self.server_lines(delivery.target)[stream])

    def count_placed(self, target: int) -> int:
        """How many rows of a run on the server are known to be of our logs."""
        query = (
            "SELECT coalesce(sum(count), 0) FROM ranges JOIN deliveries AS d ON d.id = ranges.delivery "
            "WHERE d.target = ? AND stream = 'history'"
        )
        found = self._database.row(query, target)
        return int(found[0]) if found else 0

    def raise_base(self, target: int, lines: dict[str, int]) -> None:
        """Lines that somebody else wrote behind ours: what is placed from now on goes behind them."""
        have = self.server_lines(target)
        more = {stream: count for stream, count in lines.items() if count > have[stream]}
        with self._database.transaction() as db:
            for stream, count in more.items():
                db.execute(f"UPDATE targets SET {stream}_base = ? WHERE id = ?", (count, target))  # noqa: S608 - ours

    def acknowledged_end(self, delivery: Delivery, stream: str) -> int:
        """How many lines the server must at least have, by what it acknowledged of this log."""
        sent = delivery.acknowledged[stream]
        found = self._database.row(
            "SELECT max(server_first + min(count, ? - first)) FROM ranges "
            "WHERE delivery = ? AND kind = 'log' AND stream = ? AND first < ?",
            sent, delivery.id, stream, sent,
        )  # fmt: skip
        return int(found[0] or 0) if found else 0

    def place(self, delivery: Delivery, stream: str, first: int, count: int, kind: str = "log") -> list[Placement]:
        """Where lines ``first … first + count`` go on the server. New places are committed before this returns."""
        with self._database.transaction() as db:
            known = db.execute(
                "SELECT first, server_first, count FROM ranges WHERE delivery = ? AND kind = ? AND stream = ? "
                "AND first + count > ? ORDER BY first",
                (delivery.id, kind, stream, first),
            ).fetchall()
            placements = [Placement(*row) for row in known]
            placed = max((one.first + one.count for one in placements), default=first)
            if placed < first + count:
                placements.append(self._extend(db, delivery, stream, kind, placed, first + count - placed))
        return _cut(placements, first, first + count)

    def adopt(self, delivery: Delivery, lines: dict[str, int], places: dict[str, int] | None = None) -> None:
        """The server already has the first lines of this log, from `places` on: take them as acknowledged."""
        places = places or {}
        with self._database.transaction() as db:
            for stream, count in lines.items():
                if count:
                    db.execute(
                        "INSERT OR REPLACE INTO ranges (delivery, stream, first, server_first, count) "
                        "VALUES (?, ?, 0, ?, ?)",
                        (delivery.id, stream, places.get(stream, 0), count),
                    )
            db.execute(
                "UPDATE deliveries SET history = ?, events = ?, console = ? WHERE id = ?",
                (lines["history"], lines["events"], lines["console"], delivery.id),
            )

    def _extend(
        self, db: sqlite3.Connection, delivery: Delivery, stream: str, kind: str, first: int, count: int
    ) -> Placement:
        server_first = self.server_lines(delivery.target)[stream]
        last = db.execute(
            "SELECT first, server_first, count FROM ranges WHERE delivery = ? AND kind = ? AND stream = ? "
            "ORDER BY first DESC LIMIT 1",
            (delivery.id, kind, stream),
        ).fetchone()
        if last and last["first"] + last["count"] == first and last["server_first"] + last["count"] == server_first:
            db.execute(
                "UPDATE ranges SET count = count + ? WHERE delivery = ? AND kind = ? AND stream = ? AND first = ?",
                (count, delivery.id, kind, stream, last["first"]),
            )
        else:
            db.execute(
                "INSERT INTO ranges (delivery, kind, stream, first, server_first, count) VALUES (?, ?, ?, ?, ?, ?)",
                (delivery.id, kind, stream, first, server_first, count),
            )
        return Placement(first, server_first, count)

    # -- acknowledgements ---------------------------------------------------------------------------------------------

    def acknowledge(
        self, delivery: Delivery, lines: dict[str, int], position: int | None, at_position: dict[str, int]
    ) -> None:
        """Commit that the server has `lines` per stream; `position` when every line before that byte is among them."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE deliveries SET history = max(history, ?), events = max(events, ?), console = max(console, ?) "
                "WHERE id = ?",
                (lines["history"], lines["events"], lines["console"], delivery.id),
            )
            if position is not None:
                db.execute(
                    "UPDATE deliveries SET position = ?, history_at = ?, events_at = ?, "
                    "position_path = (SELECT path FROM sources WHERE id = source) WHERE id = ? AND position <= ?",
                    (position, at_position["history"], at_position["events"], delivery.id, position),
                )

    def cut(self, delivery: Delivery, position: int) -> None:
        """The log was cut behind this byte; the lines that were sent keep their numbers."""
        with self._database.transaction() as db:
            db.execute("UPDATE deliveries SET position = ? WHERE id = ?", (position, delivery.id))

    def update(self, delivery: Delivery, **values: Any) -> None:
        """Set columns of a delivery (`state`, `closed`, `config_digest`, `counts`, `error` …)."""
        for name in ("counts", "error"):
            if values.get(name) is not None:
                values[name] = json.dumps(values[name])
        names = ", ".join(f"{name} = ?" for name in values)
        with self._database.transaction() as db:
            db.execute(f"UPDATE deliveries SET {names} WHERE id = ?", (*values.values(), delivery.id))  # noqa: S608 - names are ours

    def set_address(self, target: int, storage_id: str, url: str, began_there: str = "") -> None:
        """The server's own id of a run, where people look at it, and when it says that it began."""
        values = (storage_id, url, began_there, target)
        with self._database.transaction() as db:
            db.execute("UPDATE targets SET storage_id = ?, url = ?, began_there = ? WHERE id = ?", values)


_DELIVERY = (
    "SELECT deliveries.*, t.*, s.path AS path, s.identity AS identity, deliveries.id AS delivery_id FROM deliveries "
    "JOIN targets AS t ON t.id = target JOIN sources AS s ON s.id = source "
)

_VERIFIED = (
    "SELECT s.path, t.server, t.entity, t.project, t.run_id, verified_size, verified_mtime_ns, counts "
    "FROM sources AS s JOIN deliveries AS d ON d.source = s.id JOIN targets AS t ON t.id = d.target "
    "WHERE d.state = 'verified' AND d.meaning = ? AND verified_size IS NOT NULL AND "
)


def _below(folder: str) -> tuple[str, str]:
    """What all paths below a folder lie between."""
    separator = os.sep
    return f"{folder}{separator}", f"{folder}{chr(ord(separator) + 1)}"


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        id=row["delivery_id"],
        source=row["source"],
        target=row["target"],
        position=row["position"],
        position_path=row["position_path"],
        acknowledged={stream: row[stream] for stream in STREAMS},
        at_position={"history": row["history_at"], "events": row["events_at"]},
        starting_step=row["starting_step"],
        config_digest=row["config_digest"],
        summary_digest=row["summary_digest"],
        state=row["state"] if row["state"] in _STATES else SyncState.WAITING.value,
        closed=row["closed"],
        verified_at=row["verified_at"],
        meaning=row["meaning"],
        verified_size=row["verified_size"],
        verified_mtime_ns=row["verified_mtime_ns"],
        counts=_object(row["counts"]),
        error=_object(row["error"]) or None,
        storage_id=row["storage_id"],
        url=row["url"],
    )


def _object(text: str | None) -> dict[str, Any]:
    """A JSON object of a column; empty where a disk has flipped bits in it."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _cut(placements: list[Placement], first: int, end: int) -> list[Placement]:
    """The parts of `placements` that lie between the source lines `first` and `end`."""
    parts = []
    for one in placements:
        start, stop = max(one.first, first), min(one.first + one.count, end)
        if start < stop:
            parts.append(Placement(start, one.server_first + start - one.first, stop - start))
    return parts

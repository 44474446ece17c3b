"""What a server lost after it had acknowledged it: the part of the ledger that counts it as never sent.

Places stay as they are, so what is sent again stands where it stood, and what is there already is written over with
itself: every line is on the server once, whatever was lost.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from runferry.state.database import Database
from runferry.state.shares import Shares


class Losses(Shares):
    """The part of the ledger that is about them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._losses: Counter[int] = Counter()
        self._losses_lock = threading.Lock()

    def losses(self, target: int) -> int:
        """How often lines were taken back since this process began: whoever keeps counts in memory looks at it."""
        with self._losses_lock:
            return self._losses[target]

    def began_there(self, target: int) -> str:
        """When a run began, as its server said when it was met last; empty where it did not."""
        found = self._database.row("SELECT began_there FROM targets WHERE id = ?", target)
        return str(found[0]) if found else ""

    def log_of_line(self, target: int, line: int) -> tuple[Path, int] | None:
        """Which log a row on the server came from, and its number there; None where it is not ours."""
        found = self._database.row(
            "SELECT s.path, r.first + ? - r.server_first FROM ranges AS r JOIN deliveries AS d ON d.id = r.delivery "
            "JOIN sources AS s ON s.id = d.source WHERE d.target = ? AND r.kind = 'log' AND r.stream = 'history' "
            "AND r.server_first <= ? AND r.server_first + r.count > ? LIMIT 1",
            line, target, line, line,
        )  # fmt: skip
        return (Path(found[0]), int(found[1])) if found else None

    def take_back(self, target: int, kept: Mapping[str, int]) -> list[Path]:
        """The server has no more than these first lines of a run, per stream. Gives the logs that lose something.

        Of these everything else is told again, too: summary, config, how the run ended.
        """
        with self._database.transaction() as db:
            lost = {
                number: path
                for number, path in _deliveries(db, target)
                if _lower(db, number, kept) | _samples(db, number, kept)
            }
            for number in lost:
                db.execute(
                    "UPDATE deliveries SET state = 'waiting', closed = NULL, config_digest = '', summary_digest = '', "
                    "verified_size = NULL, verified_mtime_ns = NULL WHERE id = ?",
                    (number,),
                )
        if lost:
            with self._losses_lock:
                self._losses[target] += 1
        return list(lost.values())


def _deliveries(db: sqlite3.Connection, target: int) -> list[tuple[int, Path]]:
    found = db.execute(
        "SELECT d.id, s.path FROM deliveries AS d JOIN sources AS s ON s.id = d.source WHERE d.target = ?", (target,)
    )
    return [(int(one[0]), Path(one[1])) for one in found.fetchall()]


def _lower(db: sqlite3.Connection, delivery: int, kept: Mapping[str, int]) -> bool:
    """Count the lines of a log from the first lost one on as not acknowledged; whether there are any."""
    has_lost = False
    for stream, count in kept.items():
        (first,) = db.execute(
            "SELECT min(first + max(0, ? - server_first)) FROM ranges "
            "WHERE delivery = ? AND kind = 'log' AND stream = ? AND server_first + count > ?",
            (count, delivery, stream, count),
        ).fetchone()
        if first is not None:
            changed = db.execute(
                f"UPDATE deliveries SET {stream} = ? WHERE id = ? AND {stream} > ?",  # noqa: S608 - a name of ours
                (first, delivery, first),
            )
            has_lost = has_lost or changed.rowcount > 0
    return has_lost


def _samples(db: sqlite3.Connection, delivery: int, kept: Mapping[str, int]) -> bool:
    """Measurements are sent again from the first on: how many bytes the ones before take is not known."""
    changed = db.execute(
        "UPDATE samples SET lines = 0, bytes = 0 WHERE delivery = ? AND lines > 0 AND kind IN (SELECT kind FROM ranges "
        "WHERE delivery = ? AND kind != 'log' AND stream = 'events' AND server_first + count > ?)",
        (delivery, delivery, kept.get("events", 2**62)),
    )
    return changed.rowcount > 0

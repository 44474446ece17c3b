"""What happened, as it is kept over restarts: a bounded table of entries, oldest dropped first."""

from __future__ import annotations

from sqlite3 import Row

from runferry.state.database import Database

SLACK = 100  # entries beyond the limit after which the oldest are dropped


class ActivityTable:
    """Rows with ``id``, ``time``, ``kind``, ``severity``, ``subject``, ``text``."""

    def __init__(self, database: Database, most: int) -> None:
        self._database, self._most = database, most

    def add(self, time: float, kind: str, severity: str, subject: str, text: str) -> int:
        """Add an entry; its number, which is larger than all before."""
        with self._database.transaction() as db:
            number = db.execute(
                "INSERT INTO activity (time, kind, severity, subject, text) VALUES (?, ?, ?, ?, ?)",
                (time, kind, severity, subject, text),
            ).lastrowid
            assert number is not None
            if number % SLACK == 0:
                db.execute("DELETE FROM activity WHERE id <= ?", (number - self._most,))
        return number

    def newest(self) -> list[Row]:
        """The newest entries, oldest of them first."""
        found = self._database.rows("SELECT * FROM activity ORDER BY id DESC LIMIT ?", self._most)
        return found[::-1]

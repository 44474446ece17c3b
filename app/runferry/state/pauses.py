"""What a person paused, so that it stays paused over a restart."""

from __future__ import annotations

from runferry.state.database import Database
from runferry.status import Word


class Paused(Word):
    """What a pause is about."""

    SERVER = "server"  # by its address, ``local``, or an empty text for all
    RUN = "run"  # by its folder


class PauseTable:
    """Pauses by what they are about; until when in seconds since the epoch, None until somebody ends it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, what: Paused) -> dict[str, float | None]:
        """Every pause of a kind, by its subject."""
        return {
            one["subject"]: one["until"]
            for one in self._database.rows("SELECT * FROM pauses WHERE what = ?", what.value)
        }

    def put(self, what: Paused, subject: str, until: float | None) -> None:
        """Begin a pause, or change its end."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO pauses (what, subject, until) VALUES (?, ?, ?)", (what.value, subject, until)
            )

    def drop(self, what: Paused, subject: str) -> None:
        """End a pause."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM pauses WHERE what = ? AND subject = ?", (what.value, subject))

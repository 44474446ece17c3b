"""What of a run is delivered besides lines: files, artifacts, alerts; and the lines that no server takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runferry.state.database import Database
from runferry.state.delivery import Delivery


@dataclass(frozen=True)
class SentFile:
    """A file whose upload the server acknowledged. `md5` is hexadecimal, `size` bytes."""

    path: str
    size: int
    md5: str
    mtime_ns: int
    announced: bool = False


@dataclass(frozen=True)
class SentArtifact:
    """How far an artifact is: begun on the server under an id, or committed. `number`: its place in the log.

    Numbers below zero are links, -1 the first one.
    """

    number: int
    digest: str
    artifact_id: str
    state: str


@dataclass(frozen=True)
class SetAside:
    """A line that is too large. `line`: its number in the log; `size` in bytes; `largest`: the key that takes most."""

    stream: str
    line: int
    size: int
    step: int | None = None
    largest: str = ""


class Deliverables:
    """The part of the ledger that is about them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sent_files(self, delivery: Delivery) -> dict[str, SentFile]:
        """Files that the server acknowledged, by path."""
        found = self._database.rows("SELECT * FROM files WHERE delivery = ?", delivery.id)
        return {
            one["path"]: SentFile(one["path"], one["size"], one["md5"], one["mtime_ns"], bool(one["announced"]))
            for one in found
        }

    def last_files(self, target: int) -> dict[str, SentFile]:
        """The newest acknowledged upload per path, whichever of the target's logs it came from."""
        found = self._database.rows(
            "SELECT files.* FROM files JOIN deliveries AS d ON d.id = files.delivery WHERE d.target = ? "
            "ORDER BY files.rowid",
            target,
        )
        return {
            one["path"]: SentFile(one["path"], one["size"], one["md5"], one["mtime_ns"], bool(one["announced"]))
            for one in found
        }

    def file_sent(self, delivery: Delivery, sent: SentFile) -> None:
        """Remember an acknowledged upload."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO files (delivery, path, size, md5, mtime_ns) VALUES (?, ?, ?, ?, ?)",
                (delivery.id, sent.path, sent.size, sent.md5, sent.mtime_ns),
            )

    def files_lost(self, delivery: Delivery, paths: Sequence[str]) -> None:
        """The server does not have them: they count as never sent."""
        with self._database.transaction() as db:
            db.executemany("DELETE FROM files WHERE delivery = ? AND path = ?", [(delivery.id, one) for one in paths])

    def files_announced(self, delivery: Delivery, paths: list[str]) -> None:
        """Remember that the file stream has told the server about uploads."""
        with self._database.transaction() as db:
            db.executemany(
                "UPDATE files SET announced = 1 WHERE delivery = ? AND path = ?",
                [(delivery.id, path) for path in paths],
            )

    def artifacts(self, delivery: Delivery) -> dict[int, SentArtifact]:
        """Artifacts that were begun or committed, by their number in the log."""
        found = self._database.rows("SELECT * FROM artifacts WHERE delivery = ?", delivery.id)
        return {
            one["number"]: SentArtifact(one["number"], one["digest"], one["artifact_id"], one["state"]) for one in found
        }

    def artifact_reached(self, delivery: Delivery, sent: SentArtifact) -> None:
        """Remember how far an artifact is."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO artifacts (delivery, number, digest, artifact_id, state) "
                "VALUES (?, ?, ?, ?, ?)",
                (delivery.id, sent.number, sent.digest, sent.artifact_id, sent.state),
            )

    def alerts_sent(self, delivery: Delivery) -> set[int]:
        """Numbers of the alerts that were delivered."""
        return {one[0] for one in self._database.rows("SELECT number FROM alerts WHERE delivery = ?", delivery.id)}

    def alert_sent(self, delivery: Delivery, number: int) -> None:
        """Remember a delivered alert."""
        with self._database.transaction() as db:
            db.execute("INSERT OR IGNORE INTO alerts (delivery, number) VALUES (?, ?)", (delivery.id, number))

    def lines_set_aside(self, delivery: Delivery) -> list[SetAside]:
        """The lines that the server will never take, in the order of the log."""
        found = self._database.rows(
            "SELECT stream, line, bytes, step, largest FROM set_aside WHERE delivery = ? ORDER BY stream DESC, line",
            delivery.id,
        )
        return [SetAside(*one) for one in found]

    def set_aside(self, delivery: Delivery, line: SetAside, reason: str) -> None:
        """Remember a line that the server will never take."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO set_aside (delivery, stream, line, bytes, step, largest, reason) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (delivery.id, line.stream, line.line, line.size, line.step, line.largest, reason),
            )

"""What each of several logs says of their one run as a whole, so that none of them has to be read for another."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from runferry.state.database import Database
from runferry.state.delivery import Delivery
from runferry.state.sample_lines import SampleLines

SOMEBODY_ELSE = 0  # stands for a delivery: what a server had of a run before anything of ours


class SiblingLog(NamedTuple):
    """Another log of the same run. `closed`: the exit code that the server was told, None while it goes on."""

    delivery: int
    path: str
    identity: str
    closed: int | None


class Shares(SampleLines):
    """The part of the ledger that is about them. Texts are JSON; who writes them knows what is in them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._turns_lock = threading.Lock()
        self._turns: dict[int, threading.RLock] = {}

    def turn_of(self, target: int) -> threading.RLock:
        """One for each run on a server: who holds it may tell the server about the run as a whole."""
        with self._turns_lock:
            return self._turns.setdefault(target, threading.RLock())

    def share(self, target: int, delivery: int) -> str | None:
        """What is known of one log's share."""
        found = self._database.row("SELECT share FROM shares WHERE target = ? AND delivery = ?", target, delivery)
        return str(found[0]) if found else None

    def keep_share(self, target: int, delivery: int, share: str) -> None:
        """Remember one; nothing is written where it is the same."""
        if self.share(target, delivery) == share:
            return
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO shares (target, delivery, share) VALUES (?, ?, ?)", (target, delivery, share)
            )

    def drop_share(self, target: int, delivery: int) -> None:
        """Forget one."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM shares WHERE target = ? AND delivery = ?", (target, delivery))

    def siblings(self, delivery: Delivery) -> list[SiblingLog]:
        """The other logs of the same run."""
        found = self._database.rows(
            "SELECT d.id, s.path, s.identity, d.closed FROM deliveries AS d JOIN sources AS s ON s.id = d.source "
            "WHERE d.target = ? AND d.id != ? ORDER BY d.id",
            delivery.target, delivery.id,
        )  # fmt: skip
        return [SiblingLog(*one) for one in found]

    def names_of_files(self, deliveries: Sequence[int]) -> set[str]:
        """Of the files that were sent with these."""
        return {
            str(one[0])
            for delivery in deliveries
            for one in self._database.rows("SELECT path FROM files WHERE delivery = ? AND mtime_ns != 0", delivery)
        }

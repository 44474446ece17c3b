"""How far measurements of the host were delivered: per file of them, in lines and bytes."""

from __future__ import annotations

from dataclasses import dataclass

from runferry.state.deliverables import Deliverables
from runferry.state.delivery import Delivery


@dataclass(frozen=True)
class SamplePosition:
    """Everything before is acknowledged."""

    lines: int
    bytes: int


class SampleLines(Deliverables):
    """The part of the ledger that is about them."""

    def sample_position(self, delivery: Delivery, kind: str) -> SamplePosition | None:
        """How far a file was delivered; None where nothing of it was."""
        found = self._database.row(
            "SELECT lines, bytes FROM samples WHERE delivery = ? AND kind = ?", delivery.id, kind
        )
        return SamplePosition(found[0], found[1]) if found else None

    def samples_sent(self, delivery: Delivery, kind: str, position: SamplePosition) -> None:
        """Remember what the server acknowledged."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO samples (delivery, kind, lines, bytes) VALUES (?, ?, ?, ?)",
                (delivery.id, kind, position.lines, position.bytes),
            )

    def count_samples(self, delivery: Delivery) -> int:
        """How many measurements of the app the server has of this run."""
        found = self._database.row("SELECT coalesce(sum(lines), 0) FROM samples WHERE delivery = ?", delivery.id)
        return int(found[0]) if found else 0

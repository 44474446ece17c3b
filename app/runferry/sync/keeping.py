"""What the ledger keeps of a run's state on its way to one place, so that people see it while nobody runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runferry.errors import AppError
from runferry.formats.legacy import is_legacy_log
from runferry.formats.readers import Extent
from runferry.regular_files import NotRegular, open_to_change
from runferry.state.delivery import MEANING, Delivery
from runferry.sync import known
from runferry.sync.means import Means
from runferry.sync.source import Source

log = logging.getLogger(__name__)


class Keeper:
    """Of one delivery."""

    def __init__(self, means: Means, delivery: Delivery, source: Source) -> None:
        self._means, self._delivery, self._source = means, delivery, source
        self._recorded: tuple[object, ...] = ()

    def record(self, state: str, error: AppError | None, counts: dict[str, Any]) -> None:
        """Keep it, once per change."""
        told = (state, error.slug if error else "", counts.get("rows"), counts.get("artifacts_sent"))
        if told != self._recorded:
            self._recorded = told
            kept = error.as_dict() if error else None
            self._means.ledger.update(self._delivery, state=state, error=kept, counts=counts)

    def verified(self, counts: dict[str, Any], read: Extent | None, proof: Callable[[], Any]) -> None:
        """Remember it. read: how large and old the log of a run that is over was before it was read to its end."""
        self._recorded = ("verified", "", counts.get("rows"))
        is_alone = self._means.ledger.count_deliveries(self._delivery.target) == 1
        if is_alone and not self._source.extras.artifacts:  # artifacts are asked for by what the log says of each
            counts = {**counts, known.PROOF: proof()}
        self._means.ledger.update(
            self._delivery,
            state="verified",
            meaning=MEANING,
            verified_at=self._means.clock.time(),
            verified_size=read.size if read else None,
            verified_mtime_ns=read.mtime_ns if read else None,
            counts=counts,
        )
        if self._means.write_marker and read and not is_legacy_log(self._source.log):
            _mark_synced(self._source.log)


def _mark_synced(path: Path) -> None:
    """Make the file that official tools look for beside a log; where something else stands there, it stays. Raises
    OSError."""
    try:
        open_to_change(path.with_name(path.name + ".synced"), is_new=True).close()
    except NotRegular as error:
        log.warning("%s is not marked as synced: %s", path, error)

"""Runs that were verified before and whose log is unchanged: nothing is read or sent again.

`sync` asks the server all the same, by what the log was found to say when it was verified: line counts, the last row,
the summary, the config, how it ended, the files. Where that does not agree the log is read again, and the ordinary way
finds out why.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from sqlite3 import Row
from typing import Any

from runferry.formats.readers import extent
from runferry.remote.runs import Created
from runferry.state.deliverables import SentFile
from runferry.state.delivery import MEANING, Delivery
from runferry.state.ledger import Ledger
from runferry.sync import verification
from runferry.sync.connection import Connection
from runferry.sync.destination import Columns
from runferry.sync.host_samples import has_more
from runferry.sync.means import Means
from runferry.sync.other_logs import OtherLogs
from runferry.sync.run_files import newest_files
from runferry.sync.whole_run import WholeRun
from runferry.sync.wishes import Wishes

PROOF = "proof"  # in a delivery's counts: the last row and the summary, as the log gave them
LARGEST_PROOF = 64 << 10  # characters; beyond that the log is read again

Known = tuple[Delivery, Row]


def find(ledger: Ledger, log: Path, server: str, is_wanted: Callable[[Columns], bool]) -> Known | None:
    """The delivery of this very log, as large and as old as it is now, that the ledger calls verified."""
    try:
        now = extent(log)
    except OSError:
        return None
    for delivery, target in ledger.deliveries_of(log):
        is_verified = delivery.state == "verified" and delivery.meaning == MEANING
        same = is_verified and (delivery.verified_size, delivery.verified_mtime_ns) == now
        if same and target["server"] == server and is_wanted(target) and not OtherLogs(log).unsent(delivery.position):
            return delivery, target
    return None


def has_samples(means: Means, wishes: Wishes, known: Known, run_folder: Path) -> bool:
    """Whether measurements came that were not sent: with a copy of the run from where it was trained, say."""
    delivery, row = known
    if wishes.metrics_only:
        return False
    return any(has_more(means.ledger, delivery, one) for one in means.samples.files(row["identity"], run_folder))


def proof(last_row: str | None, whole: WholeRun, exit_code: int | None) -> dict[str, Any] | None:
    """What is kept for the next time; None when it is too large, or when the log is not all there is of the run."""
    summary, config = whole.expected_summary(), whole.plain_config()
    if last_row is None or not whole.is_alone or len(last_row) + len(summary) + len(config) > LARGEST_PROOF:
        return None
    return {"last_row": last_row, "summary": summary, "config": config, "exit_code": exit_code}


def still_agrees(ledger: Ledger, connection: Connection, known: Known, files_dir: Path) -> bool:
    """Whether the server still has everything. Raises AppError when it cannot be asked."""
    delivery, target = known
    kept = delivery.counts.get(PROOF)
    sent = ledger.sent_files(delivery)
    if not kept or any(_has_changed(files_dir / one.path, one) for one in sent.values()):
        return False
    expected = verification.Expected(
        lines=ledger.server_lines(delivery.target),
        last_row=kept["last_row"],
        summary=kept["summary"],
        config=kept["config"],
        exit_code=kept["exit_code"],
        files=newest_files(ledger, delivery, sent),
        tells_holes=connection.server.is_runferry,
    )
    run = Created(delivery.storage_id, target["entity"], target["project"], target["run_id"], 0)
    return not verification.compare(connection.session, run, expected).wrong


def _has_changed(path: Path, sent: SentFile) -> bool:
    """Whether a file on disk is another one than was sent; files that were made from the log have no time."""
    try:
        found = path.stat()
    except OSError:
        return False
    return bool(sent.mtime_ns) and (found.st_size, found.st_mtime_ns) != (sent.size, sent.mtime_ns)

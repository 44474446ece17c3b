"""What every run's sync works with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runferry.clock import Clock
from runferry.state.ledger import Ledger


@dataclass(frozen=True)
class Means:
    """Intervals in seconds, sizes in bytes. `permit`: who holds it may decode."""

    ledger: Ledger
    clock: Clock
    permit: threading.Semaphore
    senders: ThreadPoolExecutor
    interval: float
    request_bytes: int
    quiet_after: float
    poll: float
    write_marker: bool = False

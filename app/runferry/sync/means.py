"""What every run's sync works with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from runferry.clock import Clock
from runferry.state.ledger import Ledger
from runferry.sync.host_samples import NoSamples, SampleSource


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
    samples: SampleSource = field(default_factory=NoSamples)

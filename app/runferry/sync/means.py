"""What every run's sync works with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from runferry.clock import Clock
from runferry.state.ledger import Ledger
from runferry.sync.sample_source import NoSamples, SampleSource


@dataclass(frozen=True)
class Means:
    """Intervals in seconds, sizes in bytes. `permit`: who holds it may decode.

    tell: gets what people should know, in words; must return at once.
    on_stop: the server says that the run in this folder is to stop; must return at once.
    code: the kept changes of a run's code, by its log, by name; waits for those that are being taken if it is told to.
    is_local: the server is on this computer.
    on_lost: a server lost lines of the log in this folder; wakes its run; must return at once.
    """

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
    on_stop: Callable[[Path], None] = lambda folder: None
    tell: Callable[[str], None] = lambda text: None
    code: Callable[[Path, bool], Mapping[str, Path]] = lambda log, wait: {}
    is_local: bool = False
    on_lost: Callable[[Path], None] = lambda folder: None

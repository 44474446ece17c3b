"""One log's way to one run on a server, as last committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MEANING = 1
"""What `verified` means now; one more each time it comes to cover more, and all is compared once more."""


@dataclass(frozen=True)
class Delivery:
    """One log's way to one run on a server, as last committed."""

    id: int
    source: int
    target: int
    position: int
    position_path: str  # the log that `position` was read from; the same log may lie elsewhere too
    acknowledged: dict[str, int]  # lines per stream
    at_position: dict[str, int]  # lines of history and events before `position`
    starting_step: int | None
    config_digest: str
    summary_digest: str
    state: str
    closed: int | None
    verified_at: float | None
    meaning: int  # of `verified`, when it was said last
    verified_size: int | None
    verified_mtime_ns: int | None
    counts: dict[str, Any]
    error: dict[str, str] | None
    storage_id: str
    url: str

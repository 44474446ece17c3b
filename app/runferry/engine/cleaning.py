"""Which run folders could go: a server elsewhere verifiably has everything that is in them.

Nothing is removed here, and nothing is believed: each run is compared with the server at this moment, every row read
back. A server on this computer is never counted, since its disk may be the one that fails. A folder that holds
anything which was not sent, that is in use, or that changed since it was verified is never a candidate.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from runferry.counted import count_of
from runferry.engine.audit import compare_delivery
from runferry.errors import AppError
from runferry.formats.detect import RunFolder, identify
from runferry.formats.liveness import Life, run_state
from runferry.formats.readers import extent, open_reader
from runferry.holders import holding
from runferry.servers import is_loopback
from runferry.sync.host_samples import has_more
from runferry.sync.other_logs import OtherLogs
from runferry.sync.run_sync import ENDED
from runferry.watch.discovery import walk

if TYPE_CHECKING:
    from sqlite3 import Row

    from runferry.engine.engine import Engine
    from runferry.formats.entries import RunContent
    from runferry.state.delivery import Delivery


@dataclass(frozen=True)
class Candidate:
    """A folder that could go. `size`: bytes on disk. `log_size`, `log_mtime_ns`: as compared; anything else is new."""

    path: str
    run_id: str
    server: str
    url: str
    size: int
    log: str
    log_size: int
    log_mtime_ns: int


@dataclass(frozen=True)
class Stays:
    """A run folder that could not go, and why."""

    path: str
    why: str


def judged_in(engine: Engine, root: Path, min_age: float) -> Iterator[Candidate | Stays | None]:
    """The runs below `root`, one after the other. None: still looking. min_age: seconds since the last change."""
    for part in walk(root, frozenset((engine.home.store,))):
        for found in part.runs:
            folder = identify(found.path)
            if isinstance(folder, RunFolder):
                yield _judged(engine, folder, min_age)
        yield None


def _judged(engine: Engine, folder: RunFolder, min_age: float) -> Candidate | Stays:
    try:
        one = _judge(engine, folder, min_age)
    except (AppError, OSError) as error:
        one = str(error)
    return one if isinstance(one, Candidate) else Stays(str(folder.path), one)


def candidates_in(engine: Engine, root: Path, min_age: float) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """Runs below `root` that could go, and the others with the reason. min_age: seconds since the last change."""
    judged = [one for one in judged_in(engine, root, min_age) if one is not None]
    stay = [(one.path, one.why) for one in judged if isinstance(one, Stays)]
    return [one for one in judged if isinstance(one, Candidate)], stay


def to_trash(candidate: Candidate) -> str:
    """Move one folder to the trash; why it was not, empty where it was. What changed meanwhile stays."""
    from send2trash import send2trash

    if not is_unchanged(candidate):
        return "it changed or came into use meanwhile, and is kept"
    try:
        send2trash(candidate.path)
    except Exception as error:  # noqa: BLE001 -- each platform's trash raises errors of its own
        return f"it could not be moved to the trash: {error}"
    return ""


def is_unchanged(candidate: Candidate) -> bool:
    """Whether the run is still what was compared; asked right before it goes."""
    try:
        same = tuple(extent(Path(candidate.log))) == (candidate.log_size, candidate.log_mtime_ns)
    except OSError:
        return False
    return same and not holding(Path(candidate.log)).holders


def is_here(url: str) -> bool:
    """Whether a server is on this computer, or may be: its disk is then no second place."""
    host = urlsplit(url).hostname or ""
    if not host or is_loopback(url):
        return True
    mine = {one.address.partition("%")[0] for found in psutil.net_if_addrs().values() for one in found}
    try:
        addresses = {str(one[4][0]).partition("%")[0] for one in socket.getaddrinfo(host, None)}
    except OSError:
        return True
    return not addresses or any(one in mine or one in ("0.0.0.0", "::") or _loops(one) for one in addresses)  # noqa: S104


def _loops(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


def _judge(engine: Engine, folder: RunFolder, min_age: float) -> Candidate | str:
    """The candidate, or why it is none. What is cheap to find out is asked first."""
    now, seen = engine.clock.time(), extent(folder.log)
    deliveries = [(one, target) for one, target in engine.ledger.deliveries_of(folder.log) if one.verified_at]
    if not deliveries:
        return "not verified on any server"
    if now - seen.mtime_ns / 1e9 < min_age:
        return "changed not long ago"
    fresh = [
        pair for pair in deliveries if (pair[0].verified_size, pair[0].verified_mtime_ns) == (seen.size, seen.mtime_ns)
    ]
    if not fresh:
        return "changed since it was verified, or not known to be over"
    away = [pair for pair in fresh if not is_here(pair[0].url)]
    if not away:
        return "verified on this computer only: that is no second copy"
    content = _whole(folder)
    if run_state(folder, content, Life(now, seen.mtime_ns / 1e9)) not in ENDED:
        return "not known to be over"
    if holding(folder.log).holders:
        return "in use: a process writes to its log"
    return _compared(engine, folder, content, away)


def _compared(
    engine: Engine, folder: RunFolder, content: RunContent, away: list[tuple[Delivery, Row]]
) -> Candidate | str:
    why = ""
    for delivery, target in away:
        why = _only_here(engine, folder, content, delivery)
        if why:
            continue
        report = compare_delivery(engine, folder, delivery, target, deep=True)
        if not report.wrong:
            size, seen = _size(folder.path), extent(folder.log)
            return Candidate(str(folder.path), report.run_id, report.server, report.url, size, str(folder.log), *seen)
        why = "the server has it differently: " + report.wrong[0]
    return why


def _only_here(engine: Engine, folder: RunFolder, content: RunContent, delivery: Delivery) -> str:
    """What the folder holds that this server was not sent; empty when nothing."""
    if others := OtherLogs(folder.log).unsent(delivery.position):
        return f"another log lies in it, which was not sent: {others[0].name}"
    if content.gaps:
        return "damaged: what cannot be read now may be read one day"
    if content.counts.get("artifact") or delivery.error:
        return "not everything was sent"
    if content.events > delivery.acknowledged["events"] or (
        content.console_chunks and not delivery.acknowledged["console"]
    ):
        return "system metrics or console output were not sent"
    if any(has_more(engine.ledger, delivery, one) for one in engine.host_metrics.files("", folder.path)):
        return "measurements that were collected beside it were not sent"
    sent = engine.ledger.sent_files(delivery)
    left = [name for name in _own_files(folder) if name not in sent]
    return f"not sent: {count_of(len(left), 'file')} ({left[0]})" if left else ""


def _own_files(folder: RunFolder) -> list[str]:
    """Files that lie in the folder itself; a link's target is elsewhere and stays."""
    found = []
    for base, _, names in os.walk(folder.files_dir):
        for name in names:
            path = Path(base) / name
            if not path.is_symlink() and path != folder.log and name != "wandb-events.jsonl":
                found.append(path.relative_to(folder.files_dir).as_posix())
    return found


def _whole(folder: RunFolder) -> RunContent:
    reader = open_reader(folder.log)
    while not reader.read(finished=True).at_end:
        pass
    return reader.content


def _size(path: Path) -> int:
    return sum((Path(base) / name).lstat().st_size for base, _, names in os.walk(path) for name in names)

"""Knows which run folders lie below the watched roots: by scanning, sooner where the system says that one appeared.

`RootScanner` runs one thread, ``watch-roots``, apart from the one that follows logs: a scan of a slow network drive
can take minutes. What guarantees is the scan of everything that comes again and again.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from runferry.clock import Clock
from runferry.status import FolderStatus
from runferry.watch.discovery import Identity, Memory, RunFolder, Scan, look, scan
from runferry.watch.filesystems import network_kind
from runferry.watch.looking import keep_looking
from runferry.watch.notify import Notifier

log = logging.getLogger(__name__)

IDLE = 60.0
GRACE = 5.0
"""Seconds that a scan has at the end; whoever is stuck in a drive that is gone is left behind."""
FORGET = 300.0
"""Seconds after which folders are listed again whose time of change says that nothing happened in them."""
MAX_SHARE = 20
"""A pause between scans is at least this many times what the last one took."""
SETTLING = (0.1, 0.4, 1.5)
"""Seconds after which a new folder is looked at again: whoever made it may still be filling it."""
PLACES = 16
"""Folders per root that are watched by notifications."""


@dataclass
class _Root:
    path: Path
    kind: str = ""  # of network file system
    due: float = 0.0
    reason: str = ""  # why notifications are not used
    trouble: str = ""  # what could not be read
    runs: dict[Path, RunFolder] = field(default_factory=dict)
    pending: set[Path] = field(default_factory=set)
    watched: set[Path] = field(default_factory=set)
    memory: Memory = field(default_factory=dict)
    forget_at: float = 0.0
    last: tuple[RunFolder, ...] = ()  # what the last scan found


@dataclass(frozen=True)
class _Look:
    """A place to look at once, at a time."""

    due: float
    path: Path
    root: Path


class RootScanner:
    """Calls `on_found` once per run folder and `on_gone` when it went, from its thread."""

    def __init__(
        self,
        on_found: Callable[[Path], None],
        on_gone: Callable[[Path], None],
        notifier: Notifier,
        clock: Clock,
        rescan_interval: float,
        pending_interval: float,
        skip: frozenset[Path] = frozenset(),
        network: Callable[[Path], str] = network_kind,
    ) -> None:
        self._on_found = on_found
        self._on_gone = on_gone
        self._notifier = notifier
        self._clock = clock
        self.rescan_interval = rescan_interval
        self.pending_interval = pending_interval
        self._skip = skip
        self._network = network
        self._lock = threading.Lock()
        self._roots: dict[Path, _Root] = {}
        self._identities: dict[Identity, Path] = {}
        self._looks: list[_Look] = []
        self._pending_due = 0.0
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which scans all roots at once."""
        self._thread = threading.Thread(target=self._run, name="watch-roots", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a scan that runs is finished first, but not waited for where its disk does not answer. No
        callback comes after this."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(GRACE)
        self._thread = None

    def add(self, path: Path) -> None:
        """Watch a folder, which need not exist yet."""
        with self._lock:
            self._roots.setdefault(path, _Root(path))
        self._wake.set()

    def remove(self, path: Path) -> None:
        """Watch it no more; its runs are forgotten, which is not the same as gone."""
        with self._lock:
            root = self._roots.pop(path, None)
            if root is None:
                return
            for run in root.runs.values():
                self._forget(run)
            self._looks = [one for one in self._looks if one.root != path]
        _drop_watches(root, self._notifier)
        self.hurry()  # a run may lie below another root too

    def hurry(self) -> None:
        """Scan everything now."""
        with self._lock:
            for root in self._roots.values():
                root.due = 0.0
        self._wake.set()

    def status(self) -> tuple[FolderStatus, ...]:
        """How each root is watched. `server` is left empty: it is not known here."""
        with self._lock:
            return tuple(_describe(root, self._notifier.problem) for root in self._roots.values())

    def by_notification(self, path: Path) -> bool:
        """Whether notifications mean something for a path: not on network drives."""
        with self._lock:
            root = self._root_of(path)
            return root is None or not root.kind

    def notice(self, path: str, is_folder: bool) -> None:
        """Something happened to a path, says the system. Returns at once; runs on the notifier's thread."""
        where = Path(path)
        with self._lock:
            root = self._root_of(where)
            if root is None:
                return
            now = self._clock.monotonic()
            if is_folder and where.parent not in root.runs:
                self._looks += [_Look(now + delay, where, root.path) for delay in (0.0, *SETTLING)]
            elif where.parent in root.pending:
                self._looks.append(_Look(now, where.parent, root.path))
            else:
                return
        self._wake.set()

    def tick(self) -> float:
        """Do what is due; returns when there is more to do, in monotonic seconds."""
        now = self._clock.monotonic()
        with self._lock:
            looks = {(one.path, one.root) for one in self._looks if one.due <= now}
            self._looks = [one for one in self._looks if one.due > now]
            pending = [(path, root.path) for root in self._roots.values() for path in root.pending]
            if pending and self._pending_due <= now:
                looks.update(pending)
                self._pending_due = now + self.pending_interval
            due = [root for root in self._roots.values() if root.due <= now]
        for path, root_path in sorted(looks):
            self._look(path, root_path)
        for root in due:
            if self._stopped.is_set():
                break
            self._scan(root)
        return self._next(now)

    def _next(self, now: float) -> float:
        with self._lock:
            times = [root.due for root in self._roots.values()] + [one.due for one in self._looks]
            if any(root.pending for root in self._roots.values()):
                times.append(self._pending_due)
            return min(times, default=now + IDLE)

    def _run(self) -> None:
        keep_looking("looking through the watched folders", self.tick, self._wake, self._stopped, self._clock)

    def _scan(self, root: _Root) -> None:
        """Scan a whole root, tell what is new and what went, and watch the folders in which runs lie."""
        started = self._clock.monotonic()
        root.kind = self._network(root.path)
        if root.kind or started >= root.forget_at:
            root.memory.clear()
            root.forget_at = started + FORGET
        found = scan(root.path, self._skip, memory=root.memory, known=root.runs)
        took = self._clock.monotonic() - started
        is_same = found.runs == root.last  # mostly the very same objects: cheap to compare, unlike what follows
        root.last = found.runs
        with self._lock:
            if self._roots.get(root.path) is not root:
                return  # removed meanwhile
            is_same = is_same and len(root.runs) == len(found.runs)
            seen = set() if is_same else {run.path for run in found.runs}
            candidates = () if is_same else [path for path in root.runs if path not in seen]
            vanished = [path for path in candidates if _is_gone(path, root.path)]
            root.trouble = "; ".join(f"{path}: {why}" for path, why in found.unreadable[:3])
            root.pending = set(found.pending)
            root.due = self._clock.monotonic() + max(self.rescan_interval, MAX_SHARE * took)
        if not is_same:
            self._take(root, found, vanished)
        before = set(root.watched)
        self._watch_places(root, found)
        if root.watched - before:
            # What appeared between the scan and the watch was seen by neither: scan once more.
            root.due = 0.0
        self._drop_if_removed(root)

    def _look(self, path: Path, root_path: Path) -> None:
        """Look at one place below a root: a run folder, a folder with runs in it, or one that is not there any more."""
        with self._lock:
            root = self._roots.get(root_path)
        if root is None:
            return
        run = look(path)
        found = Scan(runs=(run,)) if run else scan(path, self._skip) if path.is_dir() else Scan()
        with self._lock:
            vanished = [one for one in root.runs if one.is_relative_to(path) and _is_gone(one, root.path)]
            root.pending.discard(path)
            root.pending.update(found.pending)
        self._take(root, found, vanished)
        if found.places:
            self._watch_more(root, found.places)
            self._drop_if_removed(root)

    def _take(self, root: _Root, found: Scan, vanished: list[Path]) -> None:
        """Note what a look brought, then tell it: what went first, so that a move reads as one."""
        new = []
        gone = []
        with self._lock:
            if self._roots.get(root.path) is not root:
                return  # removed meanwhile: what is noted now nobody would forget
            replaced = [run.path for run in found.runs if _is_another(root.runs.get(run.path), run)]
            for path in (*vanished, *replaced):
                self._forget(root.runs.pop(path))
                if self._holder(path) is None:
                    gone.append(path)
            for run in found.runs:
                if run.path in root.runs:
                    continue
                other = self._identities.get(run.identity)
                if other is not None and other != run.path and not _is_gone(other, root.path):
                    continue  # the same folder, reached on another way
                root.runs[run.path] = run
                if other != run.path:
                    self._identities[run.identity] = run.path
                    new.append(run.path)
        for call, path in [*((self._on_gone, one) for one in gone), *((self._on_found, one) for one in new)]:
            if not self._stopped.is_set():
                _tell(call, path)

    def _holder(self, path: Path) -> _Root | None:
        """A root that knows a run at this path; roots may lie in each other."""
        return next((root for root in self._roots.values() if path in root.runs), None)

    def _forget(self, run: RunFolder) -> None:
        if self._holder(run.path) is None and self._identities.get(run.identity) == run.path:
            del self._identities[run.identity]

    def _watch_places(self, root: _Root, found: Scan) -> None:
        """Have notifications for the root and the folders with runs in it; more is left to the next scan."""
        if root.kind:
            wanted: set[Path] = set()
            root.reason = f"it is on a network drive ({root.kind})"
        else:
            places = sorted(found.places, key=lambda place: (len(place.parts), place))
            wanted = {root.path, *places[: PLACES - 1]} if root.path.is_dir() else set()
            root.reason = "" if wanted else "the folder is not there"
        for folder in root.watched - wanted:
            self._notifier.unwatch(folder)
        root.watched &= wanted
        self._watch_more(root, sorted(wanted))

    def _drop_if_removed(self, root: _Root) -> None:
        """Watch it no more where another thread removed it meanwhile."""
        with self._lock:
            removed = self._roots.get(root.path) is not root
        if removed:
            _drop_watches(root, self._notifier)

    def _watch_more(self, root: _Root, folders: tuple[Path, ...] | list[Path]) -> None:
        for folder in folders:
            if root.kind or (len(root.watched) >= PLACES and folder not in root.watched):
                return
            if folder in root.watched:
                if self._notifier.watches(folder):
                    continue
                self._notifier.unwatch(folder)  # it was deleted and made again
                root.watched.discard(folder)
            root.reason = self._notifier.watch(folder)
            if root.reason:
                log.info("%s is looked at every %g s: %s", folder, self.rescan_interval, root.reason)
                return
            root.watched.add(folder)

    def _root_of(self, path: Path) -> _Root | None:
        """The innermost root that holds a path."""
        return next((self._roots[one] for one in (path, *path.parents) if one in self._roots), None)


def _describe(root: _Root, problem: str) -> FolderStatus:
    """How a root is watched. `problem`: why there are no notifications at all, or an empty text."""
    reason = ("" if root.kind else problem) or root.reason
    method = "polling" if reason else "notifications"
    told = "; ".join(each for each in (reason, root.trouble) if each)
    return FolderStatus(str(root.path), "", method, told, len(root.runs))


def _drop_watches(root: _Root, notifier: Notifier) -> None:
    while root.watched:
        try:
            folder = root.watched.pop()
        except KeyError:
            return  # another thread took the last one
        notifier.unwatch(folder)


def _is_another(known: RunFolder | None, found: RunFolder) -> bool:
    """Whether a folder was removed and another one made at its path."""
    return known is not None and known.identity != found.identity


def _is_gone(path: Path, root: Path) -> bool:
    """Whether a folder is certainly not there. One that cannot be reached, or whose root went, is not gone."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return os.path.isdir(root)  # noqa: PTH112
    except OSError:
        return False
    return False


def _tell(call: Callable[[Path], None], path: Path) -> None:
    try:
        call(path)
    except Exception:
        log.exception("a listener failed on %s", path)

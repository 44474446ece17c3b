"""Takes the code state of each run that begins on this host, once, on a thread of its own, and keeps it on disk.

Only while its training is proven to live here, and only of the repository that this process works in.
"""

from __future__ import annotations

import hashlib
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runferry.at_work import AT_WORK
from runferry.engine.code_state.capture import Captured, capture
from runferry.engine.code_state.workplace import workplaces
from runferry.formats.detect import RunFolder, RunKind
from runferry.formats.readers import extent, front
from runferry.formats.trainer import training_of
from runferry.metrics.alive import OUTCOMES
from runferry.regular_files import read_below
from runferry.settings import Settings
from runferry.sync.code_on_server import ABOUT

log = logging.getLogger(__name__)

LARGEST_ABOUT = 1 << 20  # bytes
SECONDS = 20.0  # for git, per run
_TRIES, _PAUSE = 50, 0.1  # seconds, of a log that was only just made


class CodeState:
    """One per engine. What is kept of a run belongs to its log's own words of whose run it is, which copies of the run
    share; never to its folder's name, which any other folder may have.

    told: a sentence about a run, for whoever watches.
    """

    def __init__(self, folder: Path, settings: Callable[[], Settings], told: Callable[[Path, str], None]) -> None:
        self._folder, self._settings, self._told = folder, settings, told
        self._queue: queue.SimpleQueue[tuple[RunFolder, list[Path]] | None] = queue.SimpleQueue()
        self._taken: set[Path] = set()  # those that are not done
        self._digests: dict[tuple[int, int], str] = {}  # by the log's device and inode
        self._done = threading.Condition()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to take what is asked for."""
        if self._thread is None:
            self._ending.clear()
            self._thread = threading.Thread(target=self._work, name="code-state", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; a git that is running is ended too."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending.set()
            self._queue.put(None)
            thread.join(10.0)

    def consider(self, folder: RunFolder) -> None:
        """A run was found: take its code state if it is trained here, and nobody asked not to. Returns at once."""
        if self._thread is None or not self._is_wanted(folder):
            return
        places = _proven_places(folder)  # now: a short training may be over when its turn comes
        if not places:
            return
        with self._done:
            if folder.path in self._taken:
                return
            self._taken.add(folder.path)
        self._queue.put((folder, places))

    def files(self, log: Path, wait: bool = False) -> Mapping[str, Path]:
        """The kept files of a run, by name; by its log. wait: until what is being taken is there."""
        if wait and self._thread is not None:
            with self._done:
                self._done.wait_for(lambda: log.parent not in self._taken, 2 * SECONDS)
        kept = next((one for one in self._places(log) if (one / ABOUT).exists()), None)
        if kept is None:
            return {}
        return {one.name: one for one in sorted(kept.iterdir()) if one.is_file() and one.suffix in (".patch", ".json")}

    def _places(self, log: Path) -> list[Path]:
        """Where the files of a run are kept; and where version 0.1 kept them."""
        digest = self._digest(log)
        return [*([self._folder / digest] if digest else []), self._folder / log.parent.name]

    def _digest(self, log: Path) -> str:
        """Stands for the run that a log says it is of, on any server; empty while it does not say so."""
        try:
            about = log.stat()
        except OSError:
            return ""
        key = (about.st_dev, about.st_ino)
        if not self._digests.get(key):
            run = front(log).run
            told = (run.run_id, run.entity, run.project, run.host, repr(run.start_time))
            self._digests[key] = hashlib.sha256("\0".join(told).encode()).hexdigest()[:32] if run.run_id else ""
        return self._digests[key]

    def _is_wanted(self, folder: RunFolder) -> bool:
        marker = folder.marker or {}
        if folder.kind is not RunKind.RECORDER or not self._settings().code_state:
            return False  # the official client takes its own
        if any(marker.get(wish) for wish in ("disable_code", "disable_git", "metrics_only")):
            return False
        return marker.get("outcome") not in OUTCOMES

    def _work(self) -> None:
        while (found := self._queue.get()) is not None:
            folder, places = found
            try:
                if not self._ending.is_set():
                    with AT_WORK.turn("keeping a run's code", str(folder.path)):
                        self._take(folder, places)
            except OSError as error:
                log.warning("%s: its code state cannot be kept: %s", folder.path, error)
            except Exception:
                log.exception("taking the code state of %s failed", folder.path)
            with self._done:
                self._taken.discard(folder.path)
                self._done.notify_all()

    def _take(self, folder: RunFolder, places: Sequence[Path]) -> None:
        # Not when it was found: the log is asked, on a disk that may not answer, and whoever finds runs waits for none.
        if any((one / ABOUT).exists() for one in self._places(folder.log)):
            return
        told = (folder.marker or {}).get("started_at")
        started = float(told) if isinstance(told, (int, float)) else time.time()
        found = capture(places, started, self._settings().diff_limit, SECONDS, self._ending.is_set)
        if self._ending.is_set():
            return  # half of it is nothing; it is taken at the next start, and says how late
        self._keep(folder, found)
        if found.files and found.is_late:
            late = f"{found.late / 60:.0f} minutes after its start: files may have been edited since"
            self._told(folder.path, f"{folder.path.name}: its code changes were taken {late}")
        elif found.reason:
            log.info("%s: code state: %s", folder.path, found.reason)

    def _place(self, log: Path) -> Path:
        """Where to keep what was taken. Waits for the log to say whose run it is. Raises OSError where it does not."""
        for _ in range(_TRIES):
            if digest := self._digest(log):
                return self._folder / digest
            self._ending.wait(_PAUSE)
        raise OSError(f"{log} does not say which run it is of")

    def _keep(self, folder: RunFolder, found: Captured) -> None:
        """The description last: without it nothing counts."""
        place = self._place(folder.log)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in found.files.items():
            (place / name).write_bytes(content)
        about: dict[str, Any] = {
            "schema": 1,
            "run_id": folder.run_id,
            "captured_at": found.time,
            "seconds_after_start": round(found.late, 3),
            "is_late": found.is_late,
            "commit": found.commit,
            "files": {name: len(content) for name, content in found.files.items()},
            "reason": found.reason,
        }
        made = place / f"{ABOUT}.new"
        made.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        made.replace(place / ABOUT)


def _proven_places(folder: RunFolder) -> list[Path]:
    """Where the process that trains a run works, as the system tells; empty where none is proven to."""
    try:
        training = training_of(folder, extent(folder.log).mtime_ns / 1e9)
    except OSError:
        return []
    if training.is_alive is None:
        log.info("%s: its code is not looked at: %s", folder.path, training.why)
    return workplaces(training.pid) if training.pid is not None else []


def about(place: Path) -> dict[str, Any]:
    """What is known of a capture; empty where there is none."""
    try:
        found = json.loads(read_below(place, ABOUT, LARGEST_ABOUT))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

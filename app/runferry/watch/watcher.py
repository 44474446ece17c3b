"""Watches folders for runs and live logs for growth; what the engine uses of this package.

Two threads of its own (``watch-roots``, ``watch-logs``) and those of watchdog. Callbacks come on the first two,
outside all locks, and should return soon: hand work to another thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from runferry.clock import Clock, SystemClock
from runferry.status import FolderStatus
from runferry.watch.filesystems import network_kind
from runferry.watch.notify import Notifier
from runferry.watch.polling import LogFollower
from runferry.watch.roots import RootScanner


class Watcher:
    """Finds run folders below roots and tells when followed logs grow. `start` and `stop` once each.

    on_found: a run folder with a log in it (or one in the layout before 0.10); once, until it is gone.
    on_changed: a followed log has other bytes than before. on_gone: a run folder was removed or moved away (a moved
    one is found again). poll_interval, rescan_interval: seconds. skip: folders to leave out, like the server's store.
    """

    def __init__(
        self,
        roots: Iterable[Path],
        on_found: Callable[[Path], None],
        on_changed: Callable[[Path], None],
        on_gone: Callable[[Path], None],
        clock: Clock | None = None,
        *,
        poll_interval: float = 0.25,
        rescan_interval: float = 5.0,
        skip: Iterable[Path] = (),
        network: Callable[[Path], str] = network_kind,
        notifier: Callable[[Callable[[str, bool], None]], Notifier] = Notifier,
    ) -> None:
        clock = clock or SystemClock()
        self._notifier = notifier(self._notice)
        self._scanner = RootScanner(
            on_found,
            on_gone,
            self._notifier,
            clock,
            rescan_interval,
            poll_interval,
            frozenset(_absolute(one) for one in skip),
            network,
        )
        self._follower = LogFollower(
            on_changed, self._missing, self._notifier, clock, poll_interval, self._scanner.by_notification
        )
        for root in roots:
            self.add_root(root)

    def start(self) -> None:
        """Begin to watch; runs that are there already are found soon."""
        self._notifier.start()
        self._follower.start()
        self._scanner.start()

    def stop(self) -> None:
        """End all threads; no callback comes after this."""
        self._scanner.stop()
        self._follower.stop()
        self._notifier.stop()

    def add_root(self, path: Path) -> None:
        """Watch one more folder, which need not exist yet."""
        self._scanner.add(_absolute(path))

    def remove_root(self, path: Path) -> None:
        """Watch a folder no more. Logs that are followed stay so until `unfollow`."""
        self._scanner.remove(_absolute(path))

    def use_pace(self, rescan: float, poll: float) -> None:
        """Other intervals, in seconds, from the next look on."""
        self._scanner.rescan_interval, self._scanner.pending_interval = rescan, poll
        self._follower.interval = poll

    def rescan(self) -> None:
        """Look through all roots now."""
        self._scanner.hurry()

    def follow(self, log: Path) -> None:
        """The log is live: tell by `on_changed` within milliseconds, or within `poll_interval`, when it grows.

        Read it after this call: growth before it is not told.
        """
        self._follower.follow(_absolute(log))

    def unfollow(self, log: Path) -> None:
        """The run has ended."""
        self._follower.unfollow(_absolute(log))

    def status(self) -> tuple[FolderStatus, ...]:
        """Each root with the way in which it is watched, and why by polling or what could not be read."""
        return self._scanner.status()

    def _notice(self, path: str, is_folder: bool) -> None:
        if not self._follower.notice(path):
            self._scanner.notice(path, is_folder)

    def _missing(self, log: Path) -> None:
        """A followed log went: look whether its folder did."""
        self._scanner.notice(str(log.parent), True)


def _absolute(path: Path) -> Path:
    """Absolute, with links in it: a person's folder keeps its name."""
    return Path(path).expanduser().absolute()

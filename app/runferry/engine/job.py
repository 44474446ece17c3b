"""A sync that somebody asked for: the runs it is about, how they are doing, and whether it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from runferry.engine.choice import Choice, choose
from runferry.formats.detect import NOT_A_RUN
from runferry.settings import Settings
from runferry.status import RunState, RunStatus, SyncState
from runferry.sync.destination import Destination
from runferry.sync.run_sync import RunSync
from runferry.sync.wishes import Wishes, app_wishes


@dataclass(frozen=True)
class SyncRequest:
    """What `runferry sync` was asked. Empty texts mean "not said"; paths are absolute.

    The defaults are those of whoever asks: for runs whose log names no entity or project. metrics_only: for these runs,
    whatever the settings say; it never sends more than they allow. by_hand: the server was chosen in the window, which
    does not say that WANDB_API_KEY is meant for it. follow_links, named_links: see `Wishes`.
    """

    paths: tuple[Path, ...]
    server: str = ""
    entity: str = ""
    project: str = ""
    run_id: str = ""
    is_new: bool = False
    default_entity: str = ""
    default_project: str = ""
    metrics_only: bool = False
    by_hand: bool = False
    follow_links: bool = False
    named_links: tuple[str, ...] = ()

    def choice(self, environ: Mapping[str, str], settings: Settings) -> Choice:
        """The server that is meant. Raises UsageError when a person has to choose, or the address is none."""
        chosen = choose(self.server, environ, settings)
        return replace(chosen, named="") if self.by_hand else chosen

    def wishes(self, settings: Settings, environ: Mapping[str, str]) -> Wishes:
        """What may be sent."""
        found = app_wishes(settings, environ)
        return replace(
            found,
            metrics_only=found.metrics_only or self.metrics_only,
            follow_links=self.follow_links,
            named_links=self.named_links,
        )

    def destination(self, new_id: Callable[[], str]) -> Destination:
        """Where one of the runs goes; `new_id` is asked where each is to become a new one."""
        run_id = new_id() if self.is_new else self.run_id
        return Destination(self.entity, self.project, run_id, self.default_entity, self.default_project)


@dataclass
class SyncJob:
    """`rejected`: what is not a run, or cannot be sent, as statuses with an error. `settled`: what was done before."""

    runs: list[RunSync] = field(default_factory=list)
    rejected: list[RunStatus] = field(default_factory=list)
    settled: list[RunStatus] = field(default_factory=list)
    changed: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Nothing more happens by itself."""
        return all(run.at_rest for run in self.runs)

    def statuses(self) -> list[RunStatus]:
        """Where everything stands."""
        return [*self.settled, *(run.status() for run in self.runs), *self.rejected]

    def outcome(self) -> list[RunStatus] | None:
        """How everything ended; None while something goes on. A live run may be taken up again at any moment: what it
        looks like while it is under way again is no outcome."""
        if not self.is_over:
            return None
        statuses = self.statuses()
        return None if any(one.state is SyncState.SYNCING for one in statuses) else statuses


def exit_code(statuses: list[RunStatus], live_counts: bool = False) -> int:
    """0 when every run is verified, 2 when all are but something named was no run, else 1.

    live_counts: a live run that is sent is good too (`watch --once`).
    """
    runs = [one for one in statuses if not (one.error and one.error["slug"].startswith(NOT_A_RUN))]
    if not all(_is_good(one, live_counts) for one in runs):
        return 1
    return 2 if len(runs) < len(statuses) else 0


def _is_good(status: RunStatus, live_counts: bool) -> bool:
    if status.state is SyncState.VERIFIED:
        return True
    if not live_counts or status.error is not None:
        return False
    if status.run_state is RunState.UNKNOWN:  # nobody can tell whether it goes on
        return status.state is SyncState.SENT
    live = status.run_state in (RunState.RUNNING, RunState.QUIET)
    return live and status.state in (SyncState.SENT, SyncState.WAITING)

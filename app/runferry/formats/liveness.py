"""Whether the training behind a run folder is still going on, as far as that can be known from here.

A run ends when its log says so, or when it is certain that no process holds its log any more (see `trainer`): for that
the run has to have begun on this very system. What cannot be told is called so, and such a run is never closed because
it is silent. The log and the system are only looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from runferry.formats.detect import RunFolder
from runferry.formats.entries import RunContent
from runferry.formats.interrupted import INTERRUPTED
from runferry.formats.trainer import Machine, ThisMachine, began_here, ended_with_the_system, training_of
from runferry.status import RunState

QUIET_AFTER = 300.0  # seconds without a change after which a run that lives is called quiet
SILENT = 60.0  # seconds that an official log must have been unchanged before the lack of a holder counts
BY_SIGNALS = {128 + number for number in (1, 2, 9, 15)} | {-1, -2, -9, -15}


@dataclass(frozen=True)
class Life:
    """When the log changed last and what time it is, in seconds since the epoch, and the two waiting times."""

    now: float
    changed: float
    quiet_after: float = QUIET_AFTER
    silent: float = SILENT

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was written for a while."""
        return self.unchanged > self.quiet_after

    @property
    def unchanged(self) -> float:
        """Seconds without a change. A change in the future (a clock jumped, or is another machine's) tells no more
        than one that is as long ago."""
        return abs(self.now - self.changed)


def run_state(folder: RunFolder, content: RunContent, life: Life, machine: Machine | None = None) -> RunState:
    """The state of the training. `content` must have been read to the end of the log.

    That a log grows shows that somebody writes it. Once it is silent, only its holder shows that the run goes on.
    """
    if content.finished:
        return ended_state(folder, content)
    machine, marker = machine or ThisMachine(), folder.marker or {}
    if ended_with_the_system(marker, machine):
        return _gone(folder)
    is_of_here = began_here(marker, machine) or _official_began_here(folder, content, life, machine)
    if not is_of_here and not life.is_quiet:
        return RunState.RUNNING
    training = training_of(folder, life.changed, machine)
    if training.is_alive:
        return RunState.QUIET if life.is_quiet else RunState.RUNNING
    if training.is_alive is False and is_of_here:
        return _gone(folder)
    return RunState.UNKNOWN if life.is_quiet else RunState.RUNNING


def ended_state(folder: RunFolder, content: RunContent) -> RunState:
    """How a run ended whose log has an exit record."""
    outcome = (folder.marker or {}).get("outcome") or content.outcome
    if outcome in (RunState.FINISHED.value, RunState.FAILED.value, RunState.KILLED.value):
        return RunState(outcome)
    if content.exit_code == 0:
        return RunState.FINISHED
    is_killed = content.exit_code in BY_SIGNALS or folder.log in INTERRUPTED
    return RunState.KILLED if is_killed else RunState.FAILED


def _gone(folder: RunFolder) -> RunState:
    return RunState.KILLED if folder.log in INTERRUPTED else RunState.CRASHED


def _official_began_here(folder: RunFolder, content: RunContent, life: Life, machine: Machine) -> bool:
    """Whether an official log, silent for a while, names this host. Its client may open it late, and only by name."""
    if (folder.marker or {}).get("host") or life.unchanged < life.silent:
        return False
    return bool(content.run.host) and content.run.host == machine.identity().get("host")

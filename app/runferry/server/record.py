"""What is known about a run besides its lines and files: the content of `run.json`.

Frozen values only; who changes one makes a new one and stores it.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any

CRASHED_AFTER = 300.0  # seconds without a sign of life; core sends one every 30 s


class State(str, Enum):
    """Run states as W&B names them."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    CRASHED = "crashed"
    PREEMPTING = "preempting"
    PREEMPTED = "preempted"


@dataclass(frozen=True)
class RunRecord:
    """Times are seconds since the epoch. `config` is W&B's map of ``{key: {"value": …}}``."""

    entity: str
    project: str
    name: str
    created: float
    display_name: str = ""
    description: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    job_type: str | None = None
    commit: str | None = None
    repo: str | None = None
    host: str | None = None
    program: str | None = None
    sweep: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    state: State = State.RUNNING
    exit_code: int | None = None
    stop_requested: bool = False

    @property
    def storage_id(self) -> str:
        """The opaque id that clients keep; `:` cannot occur in the parts."""
        return opaque("Run", "v1", self.name, self.project, self.entity)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        value = dict(vars(self))  # not `asdict`, which copies the whole config with each change of state
        value["state"] = self.state.value
        value["tags"] = list(self.tags)
        return value

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> RunRecord:
        """The inverse; unknown keys are left out. Raises ValueError, TypeError or KeyError for what is no record."""
        names = {one.name for one in dataclasses.fields(cls)}
        known = {key: one for key, one in value.items() if key in names}
        known["state"] = State(known.get("state", "running"))
        known["tags"] = tuple(known.get("tags") or ())
        known["config"] = dict(known.get("config") or {})
        return cls(**known)

    def state_at(self, now: float, heartbeat: float) -> State:
        """The state that people see: a run that fell silent has crashed."""
        silent = now - heartbeat > CRASHED_AFTER
        if silent and self.state is State.RUNNING:
            return State.CRASHED
        if silent and self.state is State.PREEMPTING:
            return State.PREEMPTED
        return self.state


SIGNALLED = (130, 143)
"""Exit codes of a program that was interrupted, or told to end."""


def ended(exit_code: int, stop_requested: bool) -> State:
    """The state of a run that said it is complete."""
    if exit_code == 0:
        return State.FINISHED
    return State.KILLED if stop_requested or exit_code in SIGNALLED else State.FAILED


def opaque(*parts: str) -> str:
    """An id as clients expect it: base64 of the parts joined with colons."""
    return base64.b64encode(":".join(parts).encode("utf-8", "surrogatepass")).decode()


def reveal(identifier: str) -> list[str]:
    """The parts of an id made by `opaque`; empty for anything else."""
    try:
        return base64.b64decode(identifier, validate=True).decode("utf-8", "surrogatepass").split(":")
    except (binascii.Error, UnicodeError, ValueError):
        return []


def iso(moment: float) -> str:
    """A time as the API prints it."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Who a run is: id, name, project, tags, notes. Changing name, tags or notes writes the run record again."""

from __future__ import annotations

from itertools import islice
from typing import Any, Iterable, Mapping

from runferry.recorder.recording import Recording
from runferry.recorder.settings import RunSettings
from runferry.recorder.values import key_text
from runferry.wire.encoding import timestamp
from runferry.wire.json_text import dumps

_MOST_TAGS = 10_000  # of one assignment, which may have no end


def run_record(
    settings: RunSettings, config: Mapping[str, Any], started: float, host: str, first_step: int, resume: bool
) -> dict[str, Any]:
    """The run record's message. `resume`: the server is to append to what it has of this id."""
    items = {"_wandb": {}, **config}
    return {
        "run_id": settings.run_id,
        "entity": settings.entity,
        "project": settings.project,
        "config": {"update": [{"key": key, "value_json": dumps(value)} for key, value in items.items()]},
        "run_group": settings.group,
        "job_type": settings.job_type,
        "display_name": settings.name,
        "notes": settings.notes,
        "tags": settings.tags,
        "sweep_id": settings.sweep_id,
        "host": host,
        "starting_step": first_step,
        "start_time": timestamp(started),
        "resume": resume,
    }


def _text(value: Any) -> str:
    """A name or note as text; None takes it away."""
    return "" if value is None else key_text(value)


class RunIdentity:
    """The part of a run that names it."""

    def __init__(self, settings: RunSettings, recording: Recording, started: float) -> None:
        self._identity = settings
        self._recording = recording
        self._started = started
        self._first: dict[str, Any] = {}

    def wrote_run_record(self, message: dict[str, Any]) -> None:
        """The record that later ones repeat with changes."""
        self._first = message

    @property
    def id(self) -> str:
        """The run's id, part of its folder's name."""
        return self._identity.run_id

    @property
    def project(self) -> str:
        """The project as given, or empty: then the server chooses."""
        return self._identity.project

    @property
    def entity(self) -> str:
        """The entity as given, or empty."""
        return self._identity.entity

    @property
    def group(self) -> str:
        """The group, or empty."""
        return self._identity.group

    @property
    def job_type(self) -> str:
        """The job type, or empty."""
        return self._identity.job_type

    @property
    def sweep_id(self) -> str | None:
        """The sweep that started this run, or None."""
        return self._identity.sweep_id or None

    @property
    def path(self) -> str:
        """``entity/project/id``, as far as given."""
        return "/".join(one for one in (self.entity, self.project, self.id) if one)

    @property
    def url(self) -> None:
        """None: which server gets the run is the app's business."""
        return None

    @property
    def start_time(self) -> float:
        """When the run began, in seconds since the epoch."""
        return self._started

    @property
    def name(self) -> str:
        """The name shown to people; the id where none was given."""
        return self._identity.name or self._identity.run_id

    @name.setter
    def name(self, value: Any) -> None:
        self._change(name=_text(value))

    @property
    def notes(self) -> str:
        """Notes, or empty."""
        return self._identity.notes

    @notes.setter
    def notes(self, value: Any) -> None:
        self._change(notes=_text(value))

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags."""
        return self._identity.tags

    @tags.setter
    def tags(self, value: Iterable[Any]) -> None:
        # Tags that a server would refuse are left out: nothing raises once training runs.
        given = (value,) if issubclass(type(value), str) else () if value is None else value
        found: list[str] = []
        if self._recording.faults.guard("tags-unusable", lambda: found.extend(map(str, islice(given, _MOST_TAGS)))):
            self._change(tags=tuple(dict.fromkeys(one for one in found if 1 <= len(one) <= 64)))

    def __repr__(self) -> str:
        return f"<runferry.Run {self.path}>"

    def _change(self, **fields: Any) -> None:
        if self._recording.ready("naming it") is None:
            return
        self._identity = self._identity._replace(**fields)
        names = {"name": "display_name"}
        self._first.update({names.get(field, field): value for field, value in fields.items()})
        self._recording.record("run", self._first)

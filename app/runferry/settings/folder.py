"""A watched folder as a person set it: where its runs go, and which of them. Checked here, obeyed by the engine."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from runferry.errors import AppError
from runferry.names import why_no_name
from runferry.servers import check_server


class FolderMode(str, Enum):
    """What happens with the runs of a watched folder."""

    AUTO = "auto"  # runs are synced as they grow; our dry runs and directories that are off wait
    SYNC = "sync"  # everything is synced
    ASK = "ask"  # nothing is sent until somebody asks


@dataclass(frozen=True)
class Folder:
    """A watched folder. `path` is absolute; an empty `server` means the app's.

    entity, project: where its runs go whatever their logs say; empty: what they say. exclude: patterns (``*``, ``?``)
    for names of folders below it, or paths from it, whose runs are left alone. min_steps: a run with fewer steps is not
    sent. added: seconds since the epoch; what was over before is listed and waits until asked. 0: all of it is meant.
    follow_links: what links of its runs lead to outside of their folders is sent, too.
    `extra`: unknown keys of the file.
    """

    path: str
    server: str = ""
    mode: FolderMode = FolderMode.AUTO
    entity: str = ""
    project: str = ""
    exclude: tuple[str, ...] = ()
    min_steps: int = 0
    added: float = 0.0
    follow_links: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        """What is written into the settings file; of what is seldom set only what is."""
        more = {
            "entity": self.entity,
            "project": self.project,
            "exclude": list(self.exclude),
            "min_steps": self.min_steps,
            "added": self.added,
            "follow_links": self.follow_links,
        }
        said = {name: value for name, value in more.items() if value}
        return {**self.extra, "path": self.path, "server": self.server, "mode": self.mode.value, **said}


def check_folders(value: object) -> tuple[Folder, ...]:
    """The option's value from JSON; ValueError says what is wrong."""
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{value!r} is not a list of folders")
    return tuple(one if isinstance(one, Folder) else _folder(one) for one in value)


def _folder(entry: object) -> Folder:
    if isinstance(entry, str):
        entry = {"path": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or not entry["path"].strip():
        raise ValueError(f"{entry!r} names no folder")
    extra = dict(entry)
    path, server, mode = extra.pop("path"), extra.pop("server", ""), extra.pop("mode", FolderMode.AUTO.value)
    try:
        checked = check_server(server if isinstance(server, str) else repr(server))
    except AppError as error:
        raise ValueError(error.message.rstrip(".")) from None
    if mode not in [one.value for one in FolderMode]:
        raise ValueError(f"'{mode}' is none of auto, sync, ask")
    return Folder(
        os.path.abspath(os.path.expanduser(path.strip())),  # noqa: PTH100, PTH111 - links stay
        checked,
        FolderMode(mode),
        _name("team", _text("entity", extra.pop("entity", ""))),
        _name("project", _text("project", extra.pop("project", ""))),
        _patterns(extra.pop("exclude", ())),
        int(_number("min_steps", extra.pop("min_steps", 0))),
        _number("added", extra.pop("added", 0.0)),
        _switch("follow_links", extra.pop("follow_links", False)),
        extra,
    )


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    raise ValueError(f"{name}: {value!r} is not text")


def _name(what: str, name: str) -> str:
    if why := why_no_name(what, name):
        raise ValueError(why)
    return name


def _patterns(value: object) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return tuple(one.strip() for one in value if one.strip())
    raise ValueError(f"exclude: {value!r} is not a list of patterns")


def _switch(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{name}: {value!r} is neither true nor false")


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name}: {value!r} is no number from 0 on")
    return value


__all__ = ["Folder", "FolderMode", "check_folders"]

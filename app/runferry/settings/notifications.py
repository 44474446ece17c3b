"""The options about desktop notifications; part of all options (`model`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runferry.settings.option import Kind
from runferry.settings.option import option as _o

SECTION = "Notifications"


def _switch(label: str, help: str) -> Any:
    return _o(True, Kind.SWITCH, label, help, SECTION)


@dataclass(frozen=True)
class NotificationOptions:
    """What the desktop app tells of when its window may be closed."""

    notify_finished: bool = _switch("Run finished", "Many at once are told as one.")
    notify_crashed: bool = _switch("Run crashed", "It failed, was killed, or its process is gone.")
    notify_quiet: bool = _switch("Run went quiet", "It is alive, and wrote nothing for a while.")
    notify_attention: bool = _switch("Needs you", "A server refuses the key, is not trusted, or rejects a run.")
    notify_damage: bool = _switch("Damage found", "Part of a run's log cannot be read.")

"""What the recorder wrote into ``runferry.json`` beside a log, with every field that is not what it should be left out.

It may have come from anywhere: of this computer it proves nothing (see `trainer`), and one odd value costs itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from sys import intern
from typing import Any

from runferry.regular_files import open_below

NAME = "runferry.json"
_MOST = 1 << 20  # bytes
_LONGEST = 1 << 63


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value is None
    return math.isfinite(value) and abs(value) < 1e12 if isinstance(value, float) else abs(value) < 10**12


def _is_whole(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LONGEST)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(
        ("run_id", "writer", "host", "boot_id", "machine_id", "pid_namespace", "mode", "cwd", "script"), _is_text
    ),
    **dict.fromkeys(("entity", "project", "base_url", "outcome", "part_of"), _is_text),
    **dict.fromkeys(("started_at", "ended_at", "process_started_at"), _is_number),
    **dict.fromkeys(("pid", "process_start_ticks"), _is_whole),
    "ignore_globs": _is_texts,
    "rank": _is_table,
}
"""What the fields are that the app reads as such; wishes are kept as they are, since an odd one counts as a yes."""


def read_marker(path: Path) -> dict[str, Any] | None:
    """The marker of a run folder; None where there is none, or it is no JSON object."""
    try:
        with open_below(path, NAME) as file:
            content = file.read(_MOST + 1)
        marker = json.loads(content, object_pairs_hook=_shared) if len(content) <= _MOST else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(marker, dict):
        return None
    return {name: value for name, value in marker.items() if name not in _CHECKS or _CHECKS[name](value)}


def _shared(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One text for all of ten thousand runs that say the same."""
    return {intern(key): intern(value) if isinstance(value, str) else value for key, value in pairs}

"""Whether two JSON values say the same, whoever wrote them: servers write 1.0 as 1, and NaN as NaN or as text."""

from __future__ import annotations

from typing import Any

from runferry.remote.answers import Unreadable, recorded


def same(one: str, other: str) -> bool:
    """Whether two JSON texts say the same; 1 and 1.0 do, NaN equals NaN, true is not 1."""
    try:
        return bool(plain(recorded(one)) == plain(recorded(other)))
    except (Unreadable, RecursionError):
        return one == other


def plain(value: Any) -> Any:
    """The value in a form in which equal means equal: NaN and infinities are texts, and booleans are no numbers."""
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value

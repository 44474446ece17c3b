"""One step of an examination: what was looked at, how it went, how long it took, what to do."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runferry.errors import AppError
from runferry.status import Word


class Mark(Word):
    """How a step went."""

    GOOD = "good"
    WARNING = "warning"  # works, and may become a problem
    BAD = "bad"
    SKIPPED = "skipped"  # an earlier step failed, or it does not apply


@dataclass(frozen=True)
class Step:
    """`said`: one sentence; `lines`: more, below it; `data`: the same for programs. seconds: how long it took."""

    name: str
    mark: Mark
    said: str
    todo: str = ""
    seconds: float = 0.0
    lines: tuple[str, ...] = ()
    slug: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**dataclasses.asdict(self), "seconds": round(self.seconds, 4)}


def good(said: str, *lines: str, **data: Any) -> Step:
    """A step that went well; `timed` gives it its name."""
    return Step("", Mark.GOOD, said, lines=lines, data=data)


def warning(said: str, todo: str, *lines: str, **data: Any) -> Step:
    """A step that works and may become a problem."""
    return Step("", Mark.WARNING, said, todo, lines=lines, data=data)


def skipped(name: str, why: str) -> Step:
    """A step that was not taken."""
    return Step(name, Mark.SKIPPED, why)


def timed(name: str, look: Callable[[], Step]) -> Step:
    """Take a step; an AppError becomes a bad one."""
    started = time.perf_counter()
    try:
        taken = look()
    except AppError as error:
        presented = getattr(error, "presented", None)
        taken = Step(
            name,
            Mark.BAD,
            f"{error.title}. {error.message}",
            error.todo,
            lines=tuple(presented.drawn()) if presented else (),
            slug=error.slug,
            data={"error": error.as_dict(), **({"presented": presented.as_dict()} if presented else {})},
        )
    return dataclasses.replace(taken, name=name, seconds=time.perf_counter() - started)

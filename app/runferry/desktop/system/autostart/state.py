"""What is known about starting at login, and what each system has to offer for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from runferry.errors import NeedsUser

HIDDEN = "--hidden"
"""The argument with which the app starts at login: its tray icon alone."""


@dataclass(frozen=True)
class AutostartState:
    """Whether the app starts at login. `note`: what a person should know besides, or why it is off against their wish.

    `where`: the file or key that says so; empty where there is none. can_change: whether `enable` and `disable` work.
    """

    is_on: bool
    where: str = ""
    note: str = ""
    can_change: bool = True


class Autostart(Protocol):
    """One system's way. Each call reads or writes the system; macOS asks a program, so not on the window's thread."""

    def state(self) -> AutostartState:
        """What the system has now; never raises."""

    def enable(self) -> None:
        """Start at login from now on. Raises AppError."""

    def disable(self) -> None:
        """Do not start at login any more. Raises AppError."""


class Impossible:
    """A system where we cannot do it, and why."""

    def __init__(self, why: str) -> None:
        self._why = why

    def state(self) -> AutostartState:
        """Off, with the reason."""
        return AutostartState(False, note=self._why, can_change=False)

    def enable(self) -> None:
        """Says why not."""
        raise failed(self._why)

    def disable(self) -> None:
        """Says why not."""
        raise failed(self._why)


def failed(why: str, cause: object = None) -> NeedsUser:
    """The error of a change that did not work."""
    return NeedsUser(
        "autostart-failed",
        "Start at login was not changed",
        why if why.endswith(".") else f"{why}.",
        "Use the system's own settings for programs that start at login.",
        cause,
    )

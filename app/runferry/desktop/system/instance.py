"""A second start: raises the window that there is, or takes over from a `runferry watch`, or is the first one.

The lock of the state folder says who is there, the control channel reaches them; nothing else is kept. Needs no Qt.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from runferry.control import ControlClient, Occupied, OwnerInfo, find_owner
from runferry.errors import PermanentError
from runferry.paths import Home

APP, WATCH = "app", "watch"
"""What owners call themselves (`OwnerInfo.kind`)."""
SHOW, HAND_OVER = "show", "hand-over"
"""What they are asked."""
TOKENS = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")
"""Variables with which a launcher allows a window to come to the front, on Wayland and X11."""
PATIENCE = 15.0
"""Seconds for an owner that is just starting, or is handing over."""
LOOK = 0.05


class Start(Enum):
    """What a start comes to."""

    FIRST = "first"  # nobody is there (any more): start
    RAISED = "raised"  # the window of the app that runs was raised: end
    BUSY = "busy"  # a command in a terminal is at work, and ends by itself


@dataclass(frozen=True)
class Claim:
    """`owner`: who runs, where somebody does."""

    start: Start
    owner: OwnerInfo | None = None


def claim(home: Home, environ: Mapping[str, str] | None = None, patience: float = PATIENCE) -> Claim:
    """Find out, and ask whoever runs. Waits `patience` seconds at most, for who is starting or handing over.

    Raises AppError: Occupied where they neither answer nor go, their own answer where they refuse.
    """
    environ = os.environ if environ is None else environ
    deadline = time.monotonic() + patience
    while True:
        owner = find_owner(home)
        if owner is None:
            return Claim(Start.FIRST)
        if owner.kind not in (APP, WATCH, "unknown"):  # unknown: it has not said yet who it is
            return Claim(Start.BUSY, owner)
        client = ControlClient.connect(home) if owner.kind != "unknown" else None
        if client is not None:
            break
        if time.monotonic() > deadline:
            raise Occupied(home, owner)
        time.sleep(LOOK)
    with client:
        answer = client.request(SHOW if owner.kind == APP else HAND_OVER, {"token": token_of(environ)})
    if answer.error:
        raise PermanentError(**{name: answer.error.get(name, "") for name in ("slug", "title", "message", "todo")})
    if owner.kind == APP:
        return Claim(Start.RAISED, owner)
    if not wait_until_free(home, lambda: time.monotonic() > deadline):
        raise Occupied(home, owner)
    return Claim(Start.FIRST, owner)


def wait_until_free(home: Home, is_enough: Callable[[], bool] = lambda: False) -> bool:
    """Wait until nobody owns the state folder; false where it was enough before."""
    while find_owner(home) is not None:
        if is_enough():
            return False
        time.sleep(LOOK)
    return True


def token_of(environ: Mapping[str, str]) -> str:
    """What this start was given so that a window may come to the front; empty where it was given nothing."""
    return next((environ[name] for name in TOKENS if environ.get(name)), "")


def accept_token(token: str) -> None:
    """Before a window is raised: Qt's Wayland part takes the token from there, once."""
    if token:
        os.environ[TOKENS[0]] = token

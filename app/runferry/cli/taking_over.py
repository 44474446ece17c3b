"""Who has the state folder when the window starts or ends: a window that runs is raised, a `watch` gives way for its
time and gets its folders back, and whatever else runs is waited for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runferry.cli.home import Surroundings, raise_told, running_owner
from runferry.cli.output import say
from runferry.control import Answer, find_owner
from runferry.engine.front import ENDING
from runferry.errors import TemporaryError

PATIENCE = 30.0  # seconds until another process must have given way
LOOK = 0.1


def take_place(around: Surroundings, paths: Sequence[Path] = ()) -> bool:
    """Make the state folder free for a window. False: there is a window already, and it was raised. Raises AppError.

    paths: what that window is to open its sheet for.
    """
    told, deadline = False, time.monotonic() + PATIENCE
    while (owner := find_owner(around.home)) is not None:
        if owner.kind == "app":
            if _ask(around, "show", paths) is not None:
                return False
            if time.monotonic() > deadline:
                raise _stays("window-stays", f"Process {owner.pid} neither shows its window nor ends.")
        elif owner.kind == "watch":
            _ask(around, "hand-over")
            until(lambda: (now := find_owner(around.home)) is None or now.pid != owner.pid, "watch-stays")
            continue
        elif not told:
            say(f"Waiting for `runferry {owner.kind}` (process {owner.pid}) to end.")
            told = True
        threading.Event().wait(LOOK)
    return True


def until(true: Callable[[], bool], slug: str) -> None:
    """Wait for another process. Raises TemporaryError where it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise _stays(slug, f"It has not done what it was asked for within {PATIENCE:g} seconds.")
        threading.Event().wait(LOOK)


def _stays(slug: str, why: str) -> TemporaryError:
    return TemporaryError(slug, "The other Runferry does not give way", why, "End it, and try again.")


def _ask(around: Surroundings, command: str, paths: Sequence[Path] = ()) -> Answer | None:
    """The owner's answer; None where it just starts or ends. Raises AppError where it refuses."""
    client = running_owner(around)
    if client is None:
        return None
    try:
        with client:
            # A launcher gives it to us, so that the window may come to the front on Wayland.
            token = os.environ.get("XDG_ACTIVATION_TOKEN", "")
            answer = client.request(command, {"token": token, "paths": [str(one) for one in paths]})
    except TemporaryError as error:
        if error.slug == "owner-gone":
            return None
        raise
    if answer.error and answer.error.get("slug") == ENDING:
        return None
    raise_told(answer)
    return answer


def running_owner_there(around: Surroundings) -> bool:
    """Whether somebody else has taken the place and answers."""
    client = running_owner(around)
    if client is not None:
        client.close()
    return client is not None

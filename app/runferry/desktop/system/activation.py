"""The token with which a launcher, or a click on a notification, allows a window to come to the front on Wayland.

A second start is given one and hands it on with its wish to show the window; elsewhere none is needed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLE = "XDG_ACTIVATION_TOKEN"


def token_of(environ: Mapping[str, str]) -> str:
    """What this start was given; empty where it was given nothing."""
    return environ.get(VARIABLE, "")


def accept_token(token: str) -> None:
    """Right before a window is raised: Qt takes the token from there, once."""
    if token:
        os.environ[VARIABLE] = token

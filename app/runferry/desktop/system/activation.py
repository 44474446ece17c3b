"""The token with which a launcher, or a click on a notification, allows a window to come to the front on Wayland.

A second start is given one and hands it on with its wish to show the window (cli/taking_over.py); elsewhere none is
needed.
"""

from __future__ import annotations

import os

VARIABLE = "XDG_ACTIVATION_TOKEN"


def accept_token(token: str) -> None:
    """Right before a window is raised: Qt takes the token from there, once."""
    if token:
        os.environ[VARIABLE] = token

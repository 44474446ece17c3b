"""Which way of starting at login this system has, and which program is to be started."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from runferry.desktop.system.autostart.state import HIDDEN, Autostart, Impossible
from runferry.desktop.text import tr


def autostart(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Autostart:
    """The way of this system; one that says why not where there is none."""
    environ = os.environ if environ is None else environ
    command = (*program(environ), HIDDEN)
    if environ.get("FLATPAK_ID") or environ.get("SNAP_NAME") == "runferry":  # other snaps' terminals set it, too
        return Impossible(tr("inside a Flatpak or Snap the system's settings start programs"))
    # Each system imports its own way only.
    if platform == "win32":
        from runferry.desktop.system.autostart.run_key import RunKey, open_registry

        return RunKey(command, open_registry())
    if platform == "darwin":
        from runferry.desktop.system.autostart.launch_agent import LaunchAgent

        return LaunchAgent(command, Path(environ.get("HOME") or Path.home()))
    from runferry.desktop.system.autostart.xdg import XdgAutostart

    return XdgAutostart(command, environ)


def program(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """How this very program is started again, absolute: the package, the installed command, or Python with it."""
    environ = os.environ if environ is None else environ
    image = environ.get("APPIMAGE", "")  # what runs is a mount that is gone after the end
    if image and Path(image).is_absolute():
        return (image,)
    if getattr(sys, "frozen", False):
        return (sys.executable,)
    script = Path(sys.executable).with_name("runferry.exe" if sys.platform == "win32" else "runferry")
    return (str(script),) if script.is_file() else (sys.executable, "-m", "runferry")

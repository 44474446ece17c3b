"""Whether a window can be opened here, found out before Qt is asked: Qt ends the whole process where it cannot.

Usual desktops (GNOME, XFCE, MATE, Cinnamon) lack a library that Qt's plugin for X needs, and a terminal over ssh or in
tmux keeps the DISPLAY of a session that is gone. In both cases Qt aborts with a core dump. So the libraries are loaded
(Qt loads the same ones right afterwards), and the display is connected to.

Runs once, at the start, before Qt's application is made. Must never be what brings Qt into a headless start.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

PATIENCE = 5.0  # seconds until a display that takes the connection and says nothing counts as gone
UNSEEN = ("offscreen", "minimal")  # platforms of Qt that show nothing to anybody

# Library as the loader knows it: Debian's package. A test holds this against what the plugins ask for.
BASE = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libX11.so.6": "libx11-6",
    "libbrotlidec.so.1": "libbrotli1",
}
XCB = {
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}


@dataclass(frozen=True)
class Display:
    """What was found. reason: why no window can be shown, a sentence; empty where one can.

    platform: the one plugin of Qt that works here, where Qt by itself might take another; else empty.
    """

    reason: str = ""
    platform: str = ""


def why_no_window() -> str:
    """Why there can be no window here, a sentence; empty where there can. Qt is then told the platform that works."""
    display = look(os.environ)
    if display.platform:
        os.environ["QT_QPA_PLATFORM"] = display.platform  # Qt ends the process where the one that it prefers fails
    return display.reason


def look(environ: Mapping[str, str]) -> Display:
    """Look whether a window can be shown with these variables. Qt is loaded last, where everything else is there."""
    if find_spec("PySide6") is None:
        return Display("The window's libraries are not installed (pip install 'runferry[desktop]').")
    if not sys.platform.startswith("linux"):
        return Display(_why_no_qt(""))
    wanted = environ.get("QT_QPA_PLATFORM", "").partition(";")[0].partition(":")[0]
    is_anywhere = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    if wanted in UNSEEN and not is_anywhere:
        return Display("There is no display here.")
    if wanted:
        return Display(_why_not(wanted, environ) or _why_no_qt(wanted))
    named = [kind for kind, name in (("wayland", "WAYLAND_DISPLAY"), ("xcb", "DISPLAY")) if environ.get(name)]
    if not named:
        return Display("There is no display here.")
    reasons = {kind: _why_not(kind, environ) or _why_no_qt(kind) for kind in named}
    working = [kind for kind, why in reasons.items() if not why]
    if not working:
        return Display(reasons[named[-1]])
    return Display(platform=working[0] if len(working) < len(named) else "")


def _why_not(platform: str, environ: Mapping[str, str]) -> str:
    """Why this platform of Qt cannot show a window, as far as it can be seen without Qt; empty where it can."""
    is_wayland = platform.startswith("wayland")
    missing = _missing({**BASE, **(WAYLAND if is_wayland else XCB if platform == "xcb" else {})})
    if missing:
        return _to_install(missing)
    if is_wayland:
        return _why_no_wayland(environ)
    return _why_no_x(environ) if platform == "xcb" else ""


def _why_no_qt(platform: str) -> str:
    """Why Qt, or its plugin for this platform, cannot be loaded; empty where it can. platform: empty: Qt alone."""
    try:
        import_module("runferry.desktop")  # first: it keeps Qt's import hook out
        import_module("PySide6.QtWidgets")
        if not platform:
            return ""
        from PySide6.QtCore import QLibraryInfo

        folder = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms"
        plugin = folder / f"libq{'wayland' if platform.startswith('wayland') else platform}.so"
        if not plugin.exists():
            return f"Qt has no platform “{platform}” here."
        ctypes.CDLL(str(plugin))  # Qt loads the same one right afterwards
    except (ImportError, OSError) as error:
        return f"The window cannot be shown: {error}."
    return ""


def _missing(libraries: Mapping[str, str]) -> dict[str, str]:
    """Those that the loader does not find."""
    found = {}
    for name, package in libraries.items():
        try:
            ctypes.CDLL(name)
        except OSError:
            found[name] = package
    return found


def _to_install(missing: Mapping[str, str]) -> str:
    """One sentence: what is missing, and what to type."""
    named = ", ".join(missing)
    if shutil.which("apt-get"):
        sudo = "" if os.geteuid() == 0 else "sudo "
        return f"The window needs {named}. To have it: {sudo}apt-get install {' '.join(sorted(set(missing.values())))}"
    return f"The window needs {named}: install it with this system's package manager."


def _why_no_wayland(environ: Mapping[str, str]) -> str:
    if environ.get("WAYLAND_SOCKET"):
        return ""
    name = environ.get("WAYLAND_DISPLAY") or "wayland-0"
    path = os.path.join(environ.get("XDG_RUNTIME_DIR", ""), name)  # noqa: PTH118 - an absolute name wins
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as there:
        there.settimeout(PATIENCE)
        try:
            there.connect(path)
        except OSError:
            return f"The display “{name}” of WAYLAND_DISPLAY does not answer."
    return ""


def _why_no_x(environ: Mapping[str, str]) -> str:
    """Connects as Qt does, with the person's cookie."""
    name = environ.get("DISPLAY", "")
    answers: list[bool] = []

    def connect() -> None:
        xcb = ctypes.CDLL("libxcb.so.1")
        xcb.xcb_connect.restype = ctypes.c_void_p
        connection = ctypes.c_void_p(xcb.xcb_connect(os.fsencode(name), None))
        answers.append(not xcb.xcb_connection_has_error(connection))
        xcb.xcb_disconnect(connection)

    trying = threading.Thread(target=connect, name="display", daemon=True)  # libxcb knows no time limit
    trying.start()
    trying.join(PATIENCE)
    if answers == [True]:
        return ""
    return f"The display “{name}” of DISPLAY does not answer, or this account may not use it."

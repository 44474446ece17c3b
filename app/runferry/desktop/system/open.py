"""Shows files in the file manager and addresses in the browser, through the system's own programs. Never waits long.

Blocks for some seconds at most, so it is called off the window's thread; the clipboard alone is on the window's. Never
starts a program that lies among the files. What is opened is named in every error, so that a person can go there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from runferry.desktop.system.bus import Bus, Peer
from runferry.errors import NeedsUser, PermanentError

PATIENCE = 3.0
"""Seconds in which a starter says whether it failed; one that is still busy then has started something."""

ON_WINDOWS = frozenset(
    f".{one}"
    for one in (
        *("bat", "cmd", "com", "cpl", "exe", "hta", "jar", "js", "jse", "lnk", "msi", "msp", "ps1", "py", "pyw"),
        *("reg", "scr", "url", "vbe", "vbs", "wsf", "wsh"),
    )
)
ELSEWHERE = frozenset((".app", ".command", ".desktop", ".jar"))
"""Endings of files that the system runs when they are opened; outside of Windows, so is what is marked as a program."""

_FILES = Peer("org.freedesktop.FileManager1", "/org/freedesktop/FileManager1", "org.freedesktop.FileManager1")


class Opener:
    """bus: the session's, or None where there is none. environ: for the programs that are started."""

    def __init__(
        self, bus: Bus | None = None, environ: Mapping[str, str] | None = None, platform: str = sys.platform
    ) -> None:
        self._bus = bus
        self._environ = for_others(os.environ if environ is None else environ)
        self._platform = platform
        self._lock = threading.Lock()
        self._busy: list[subprocess.Popen[bytes]] = []

    def folder(self, path: Path) -> None:
        """Open a folder in the file manager; of a file, the folder that it is in. Raises AppError."""
        _must_exist(path)
        if path.is_dir():
            self._open(str(path.absolute()), str(path))
        else:
            self.in_folder(path)

    def in_folder(self, path: Path) -> None:
        """Open the folder of a file or folder, with it selected where the file manager can. Raises AppError."""
        _must_exist(path)
        if self._platform == "darwin":
            self._start(["/usr/bin/open", "-R", str(path)], str(path))
        elif self._platform == "win32":
            # One argument, with the quotes inside it; it ends with 1 whatever it did.
            self._start(f'explorer /select,"{path}"', str(path), is_truthful=False)
        elif not self._is_shown(path):
            self._open(str(path.absolute().parent), str(path))

    def file(self, path: Path) -> None:
        """Open a file with the program that the system has for it. Raises AppError.

        One that the system might run instead is shown in its folder.
        """
        _must_exist(path)
        if path.is_dir() or may_run(path, self._platform):
            self.in_folder(path)
        else:
            self._open(str(path.absolute()), str(path))

    def web(self, url: str) -> None:
        """Open a page in the browser. Raises AppError; nothing but http and https is opened."""
        if not url.lower().startswith(("https://", "http://")):
            raise PermanentError(
                "not-a-page",
                "This is no web page",
                f"'{url}' is no address of a page.",
                "Look at the server's address.",
            )
        self._open(url, url)

    def close(self) -> None:
        """Take note of what has ended; what still runs is the person's and goes on."""
        with self._lock:
            self._busy = [one for one in self._busy if one.poll() is None]

    # -- inside -------------------------------------------------------------------------------------------------------

    def _is_shown(self, path: Path) -> bool:
        """Ask the file manager to select it; a slow one is just starting, and must not be asked twice."""
        if self._bus is None:
            return False
        reply = self._bus.ask(_FILES, "ShowItems", "ass", ([path.absolute().as_uri()], ""), timeout=PATIENCE)
        return not reply.error or reply.is_late

    def _open(self, what: str, shown: str) -> None:
        if self._platform == "win32":
            try:
                os.startfile(what)  # type: ignore[attr-defined,unused-ignore]  # noqa: S606
            except OSError as error:
                raise _failed(shown, str(error)) from error
        else:
            starter = "/usr/bin/open" if self._platform == "darwin" else "xdg-open"
            self._start([starter, what], shown)

    def _start(self, command: Sequence[str] | str, shown: str, is_truthful: bool = True) -> None:
        self.close()
        try:
            process = subprocess.Popen(  # noqa: S603 - the system's own starters
                command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # it outlives the app
            )
        except OSError as error:
            raise _failed(shown, f"{error.strerror}: {error.filename or command}") from error
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            with self._lock:
                self._busy.append(process)
            return
        if code and is_truthful:
            raise _failed(shown, f"the system's starter ended with {code}")


def copy_text(text: str) -> None:
    """Put a text on the clipboard. On the window's thread only."""
    QGuiApplication.clipboard().setText(text)


def for_others(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for programs that are not ours: a frozen app's own libraries would break them."""
    made = dict(environ)
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH"):
        original = made.pop(f"{name}_ORIG", None)
        if original is not None:
            made[name] = original
        elif getattr(sys, "frozen", False):
            made.pop(name, None)
    return made


def may_run(path: Path, platform: str) -> bool:
    """Whether to open a file might mean to run it."""
    if platform == "win32":
        return path.suffix.lower() in ON_WINDOWS
    return path.suffix.lower() in ELSEWHERE or os.access(path, os.X_OK)


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise PermanentError(
            "not-there", "It is not there any more", f"{path} does not exist.", "It may have been moved or deleted."
        )


def _failed(shown: str, why: str) -> NeedsUser:
    return NeedsUser(
        "cannot-open", "It could not be opened", f"{shown}: {why}.", "Open it yourself: the address is above.", why
    )

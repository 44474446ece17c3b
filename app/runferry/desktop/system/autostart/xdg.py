"""Start at login on Linux: a desktop entry in the autostart folder, as the XDG specification says.

An entry of the person's own wins over one that a package installed for all; switching that off means an own entry that
hides it. What a desktop's settings write (Hidden, X-GNOME-Autostart-enabled) is obeyed and shown.
"""

from __future__ import annotations

import configparser
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from runferry.desktop.system.autostart.state import AutostartState, failed
from runferry.desktop.text import tr
from runferry.settings.file import replace_private

NAME = "runferry.desktop"
_SECTION = "Desktop Entry"
_RESERVED = set(" \t\n\"'\\><~|&;$*?#()`")
_ESCAPED = set('"`$\\')


class XdgAutostart:
    """command: program (absolute) and arguments. environ: where the folders are, and which desktop this is."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._command = tuple(command)
        self._environ = environ
        home = Path(environ.get("HOME") or Path.home())
        self._own = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "autostart" / NAME
        shared = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
        self._shared = [Path(one) / "autostart" / NAME for one in shared if one]

    def state(self) -> AutostartState:
        """What the desktop would do at the next login."""
        for path in (self._own, *self._shared):
            if path.is_file():
                return self._read(path)
        return AutostartState(False)

    def enable(self) -> None:
        """Write an entry of our own."""
        self._write(
            ("Type", "Application"),
            ("Name", "Runferry"),
            ("Comment", tr("Carry machine-learning runs to a server")),
            ("Exec", join_exec(self._command)),
            ("Icon", "runferry"),
            ("Terminal", "false"),
            ("X-GNOME-Autostart-enabled", "true"),
        )

    def disable(self) -> None:
        """Remove our entry, and hide the one that a package installed, where there is one."""
        if any(path.is_file() for path in self._shared):
            self._write(("Type", "Application"), ("Name", "Runferry"), ("Hidden", "true"))
            return
        try:
            self._own.unlink(missing_ok=True)
        except OSError as error:
            raise failed(f"{self._own} cannot be removed: {error.strerror}", error) from error

    def _read(self, path: Path) -> AutostartState:
        entry = _entry(path)
        if entry is None:
            return AutostartState(False, str(path), tr("The file is no desktop entry."))
        if entry.get("Hidden", "").lower() == "true":
            return AutostartState(False, str(path))
        if entry.get("X-GNOME-Autostart-enabled", "").lower() == "false":
            return AutostartState(False, str(path), tr("It was switched off in the desktop's settings."))
        why = self._not_here(entry)
        if why:
            return AutostartState(False, str(path), why)
        command = split_exec(entry.get("Exec", ""))
        if not command:
            return AutostartState(False, str(path), tr("The file names no program."))
        for one in (command[0], entry.get("TryExec") or command[0]):
            if not self._exists(one):
                return AutostartState(
                    False, str(path), tr("It would start {program}, which is not there.", program=one)
                )
        if Path(command[0]) != Path(self._command[0]):
            return AutostartState(True, str(path), tr("It starts another copy: {program}", program=command[0]))
        return AutostartState(True, str(path))

    def _not_here(self, entry: Mapping[str, str]) -> str:
        """Why this desktop does not take the entry, or empty."""
        desktops = set((self._environ.get("XDG_CURRENT_DESKTOP") or "").split(":")) - {""}
        only = {one for one in entry.get("OnlyShowIn", "").split(";") if one}
        never = {one for one in entry.get("NotShowIn", "").split(";") if one}
        if (only and not only & desktops) or never & desktops:
            return tr("The file is not meant for this desktop.")
        return ""

    def _exists(self, program: str) -> bool:
        if "/" in program:
            return os.access(program, os.X_OK)
        return shutil.which(program, path=self._environ.get("PATH")) is not None

    def _write(self, *entry: tuple[str, str]) -> None:
        lines = [f"[{_SECTION}]", *(f"{name}={value}" for name, value in entry)]
        try:
            self._own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_private(self._own, "\n".join(lines) + "\n")
        except OSError as error:
            raise failed(f"{self._own} cannot be written: {error.strerror}", error) from error


def _entry(path: Path) -> Mapping[str, str] | None:
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",), strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are told apart by case
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        return dict(parser.items(_SECTION))
    except (OSError, ValueError, configparser.Error):
        return None


def join_exec(command: Sequence[str]) -> str:
    """A command as an ``Exec`` line: quoted where needed; then escaped once more, as every text of such a file."""
    words = []
    for word in command:
        plain = word.replace("%", "%%")
        if not plain or _RESERVED & set(plain):
            plain = '"' + "".join("\\" + one if one in _ESCAPED else one for one in plain) + '"'
        words.append(plain)
    return " ".join(words).replace("\\", "\\\\")


def split_exec(line: str) -> list[str]:
    """The words of an ``Exec`` line; field codes like %u are left out. Empty where it cannot be read."""
    words: list[str] = []
    word: list[str] | None = None
    is_quoted = is_escaped = False
    for one in line.replace("\\\\", "\\"):
        if is_escaped:
            word, is_escaped = [*(word or []), one], False
        elif one == "\\" and is_quoted:
            is_escaped = True
        elif one == '"':
            word, is_quoted = word or [], not is_quoted
        elif one == " " and not is_quoted:
            words += ["".join(word)] if word is not None else []
            word = None
        else:
            word = [*(word or []), one]
    words += ["".join(word)] if word is not None else []
    if is_quoted:
        return []
    return [one.replace("%%", "%") for one in words if not (len(one) == 2 and one[0] == "%" and one[1] != "%")]

"""Start at login on Windows: the person's Run key, and what Task Manager keeps beside it. Not tried on Windows: tested
with a registry of our own."""

from __future__ import annotations

import importlib
import os
import subprocess
from collections.abc import Sequence
from typing import Any, Protocol

from runferry.desktop.system.autostart.state import AutostartState, failed
from runferry.desktop.text import tr

NAME = "Runferry"
RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"


class Registry(Protocol):
    """Values below the person's own key. Each raises OSError where it fails."""

    def read(self, key: str, name: str) -> object:
        """A text, bytes, or None where there is none."""

    def write(self, key: str, name: str, text: str) -> None:
        """Keep a text."""

    def remove(self, key: str, name: str) -> None:
        """Remove a value, if it is there."""


class RunKey:
    """command: program (absolute) and arguments."""

    def __init__(self, command: Sequence[str], registry: Registry) -> None:
        self._command = list(command)
        self._registry = registry

    def state(self) -> AutostartState:
        """What Windows would do at the next login."""
        where = f"HKEY_CURRENT_USER\\{RUN}\\{NAME}"
        try:
            line = self._registry.read(RUN, NAME)
            approved = self._registry.read(APPROVED, NAME)
        except OSError as error:
            return AutostartState(False, where, str(error), can_change=False)
        if not isinstance(line, str) or not line.strip():
            return AutostartState(False)
        if isinstance(approved, bytes) and approved[:1] and approved[0] & 1:  # 2, 6: on; 3, 7: off
            return AutostartState(False, where, tr("It was switched off in Task Manager or the system's settings."))
        program = program_of(line)
        if not os.path.exists(program):  # noqa: PTH110 - what the registry names may be no path at all
            return AutostartState(False, where, tr("It would start {program}, which is not there.", program=program))
        if os.path.normcase(program) != os.path.normcase(self._command[0]):
            return AutostartState(True, where, tr("It starts another copy: {program}", program=program))
        return AutostartState(True, where)

    def enable(self) -> None:
        """Name the program, and take back what Task Manager said."""
        try:
            self._registry.write(RUN, NAME, subprocess.list2cmdline(self._command))
            self._registry.remove(APPROVED, NAME)
        except OSError as error:
            raise failed(f"the registry cannot be written: {error}", error) from error

    def disable(self) -> None:
        """Remove the value."""
        try:
            self._registry.remove(RUN, NAME)
            self._registry.remove(APPROVED, NAME)
        except OSError as error:
            raise failed(f"the registry cannot be written: {error}", error) from error


def program_of(line: str) -> str:
    """The program of a command line: in quotes, or up to the first blank."""
    line = line.strip()
    if line.startswith('"'):
        return line[1:].partition('"')[0]
    return line.partition(" ")[0]


def open_registry() -> Registry:
    """The one of this Windows."""
    return _System()


class _System:
    """The registry itself."""

    def __init__(self) -> None:
        self._api: Any = importlib.import_module("winreg")  # there is none elsewhere

    def read(self, key: str, name: str) -> object:
        try:
            with self._api.OpenKey(self._api.HKEY_CURRENT_USER, key) as opened:
                found: object = self._api.QueryValueEx(opened, name)[0]
                return found
        except FileNotFoundError:
            return None

    def write(self, key: str, name: str, text: str) -> None:
        with self._api.CreateKey(self._api.HKEY_CURRENT_USER, key) as opened:
            self._api.SetValueEx(opened, name, 0, self._api.REG_SZ, text)

    def remove(self, key: str, name: str) -> None:
        try:
            with self._api.OpenKey(self._api.HKEY_CURRENT_USER, key, 0, self._api.KEY_SET_VALUE) as opened:
                self._api.DeleteValue(opened, name)
        except FileNotFoundError:
            pass

"""Start at login on macOS: a launch agent of the person's own. Not tried on a Mac: its parts are tested with fakes."""

from __future__ import annotations

import os
import plistlib
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runferry.desktop.system.autostart.state import AutostartState, failed
from runferry.desktop.text import tr
from runferry.settings.file import replace_private

LABEL = "com.runferry.app"
TIMEOUT = 5.0

Ask = Callable[[Sequence[str]], str]


class LaunchAgent:
    """command: program (absolute) and arguments. home: the person's home folder. ask: runs `launchctl`."""

    def __init__(self, command: Sequence[str], home: Path, ask: Ask | None = None) -> None:
        self._command = list(command)
        self._file = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        self._ask = ask or _launchctl

    def state(self) -> AutostartState:
        """What launchd would do at the next login."""
        where = str(self._file)
        if not self._file.is_file():
            return AutostartState(False)
        agent = self._read()
        words = agent.get("ProgramArguments")
        if not agent.get("RunAtLoad") or not isinstance(words, list) or not words:
            return AutostartState(False, where, tr("The file starts nothing at login."))
        program = str(words[0])
        if not os.access(program, os.X_OK):
            return AutostartState(False, where, tr("It would start {program}, which is not there.", program=program))
        if self._is_switched_off():
            return AutostartState(False, where, tr("It was switched off in the system's settings."))
        if program != self._command[0]:
            return AutostartState(True, where, tr("It starts another copy: {program}", program=program))
        return AutostartState(True, where)

    def enable(self) -> None:
        """Write the agent; it is not loaded now, as the app runs already."""
        agent = {
            "Label": LABEL,
            "ProgramArguments": self._command,
            "RunAtLoad": True,
            "ProcessType": "Interactive",
            "LimitLoadToSessionType": "Aqua",
        }
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_private(self._file, plistlib.dumps(agent).decode())
        except OSError as error:
            raise failed(f"{self._file} cannot be written: {error.strerror}", error) from error
        if self._is_switched_off():
            self._ask(["enable", f"{_domain()}/{LABEL}"])

    def disable(self) -> None:
        """Remove the agent; the one that runs goes on."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            raise failed(f"{self._file} cannot be removed: {error.strerror}", error) from error

    def _read(self) -> dict[str, Any]:
        try:
            found = plistlib.loads(self._file.read_bytes())
        except (OSError, ValueError, plistlib.InvalidFileException):
            return {}
        return found if isinstance(found, dict) else {}

    def _is_switched_off(self) -> bool:
        """What the system's Login Items keep beside the file: `"label" => disabled`, in older systems `=> true`."""
        for line in self._ask(["print-disabled", _domain()]).splitlines():
            name, arrow, value = line.partition("=>")
            if arrow and name.strip() == f'"{LABEL}"':
                return value.strip() in ("disabled", "true")
        return False


def _domain() -> str:
    return f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"


def _launchctl(words: Sequence[str]) -> str:
    """What launchctl says; nothing where it fails."""
    command = ["/bin/launchctl", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""

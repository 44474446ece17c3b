"""Where Runferry keeps its own things: settings, state, logs and the local server's store.

`RUNFERRY_HOME` moves all of them into one folder. Nothing is created by asking for a path.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Home:
    """The folders of one installation."""

    config: Path
    state: Path
    logs: Path
    store: Path

    @property
    def settings_file(self) -> Path:
        """JSON file with the settings that differ from their defaults."""
        return self.config / "settings.json"

    @property
    def database_file(self) -> Path:
        """SQLite file with what was delivered where."""
        return self.state / "runferry.db"

    @property
    def samples(self) -> Path:
        """Folder with measurements of runs' hosts, until they are delivered."""
        return self.state / "samples"

    @property
    def code(self) -> Path:
        """Folder with the uncommitted changes of runs' code."""
        return self.state / "code"

    @property
    def interrupted_file(self) -> Path:
        """JSON file with the official client's runs that were stopped from here."""
        return self.state / "interrupted.json"

    @property
    def lock_file(self) -> Path:
        """Held by the one process that owns the state folder."""
        return self.state / "owner.lock"


def find_home(environ: Mapping[str, str] | None = None) -> Home:
    """The folders in force for this process; see the module's docstring."""
    environ = os.environ if environ is None else environ
    named = environ.get("RUNFERRY_HOME")
    if named:
        root = Path(named).expanduser().absolute()
        return Home(config=root, state=root / "state", logs=root / "logs", store=root / "store")
    dirs = platformdirs.PlatformDirs("runferry", appauthor=False)
    data = Path(dirs.user_data_dir)
    return Home(
        config=Path(dirs.user_config_dir),
        state=Path(dirs.user_state_dir),
        logs=Path(dirs.user_log_dir),
        store=data / "store",
    )

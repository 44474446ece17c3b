"""The options themselves, and how they come from a file and the environment and go back.

Low to high: default, settings file, environment. Loading never writes and never raises for what a file or a variable
says: what cannot be used is told in `problems` and its default is used. Saving writes only what was changed, so what
another process or a newer version wrote into the file stays.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from runferry.errors import AppError, UsageError
from runferry.settings.file import read_object, write_object
from runferry.settings.folder import Folder
from runferry.settings.measuring import MeasuringOptions
from runferry.settings.network import NetworkOptions
from runferry.settings.notifications import NotificationOptions
from runferry.settings.option import Kind, options_of
from runferry.settings.option import option as _o

MIB = 1024 * 1024


class Origin(str, Enum):
    """Where a value comes from."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    CHANGED = "changed"  # by this process, not saved yet


@dataclass(frozen=True)
class Settings(MeasuringOptions, NetworkOptions, NotificationOptions):
    """All options. Times are seconds, sizes bytes. Make one with `load`, another one with `changed`."""

    server: str = _o(
        "",
        Kind.SERVER,
        "Server",
        "An address, local (this computer) or cloud (W&B). Empty: not chosen yet.",
        "Servers",
        variables=("WANDB_BASE_URL",),
    )
    cloud_url: str = _o("", Kind.URL, "W&B cloud", "Address of W&B's cloud. Empty: what netrc knows.", "Servers")
    entity: str = _o(
        "",
        Kind.TEXT,
        "Team",
        "For runs that name none. Empty: the server's default.",
        "Servers",
        variables=("WANDB_ENTITY",),
        names_a="team",
    )
    project: str = _o(
        "",
        Kind.TEXT,
        "Project",
        "For runs that name none. Empty: the server's default.",
        "Servers",
        variables=("WANDB_PROJECT",),
        names_a="project",
    )
    local_server_port: int = _o(
        8470,
        Kind.WHOLE,
        "Port",
        "Where the local server listens, on this computer only.",
        "Servers",
        minimum=1,
        maximum=65535,
    )
    folders: tuple[Folder, ...] = _o((), Kind.FOLDERS, "Folders", "Watched folders, each with its server.", "Folders")
    quiet_after: float = _o(
        300.0,
        Kind.NUMBER,
        "Quiet after",
        "A run that wrote nothing for this long is called quiet.",
        "Folders",
        unit="s",
        minimum=5,
        maximum=86400,
    )
    rescan_interval: float = _o(
        5.0,
        Kind.NUMBER,
        "Look for new runs every",
        "In addition to the system's notifications of changes, of which one may be missed.",
        "Folders",
        unit="s",
        minimum=0.5,
        maximum=3600,
    )
    poll_interval: float = _o(
        0.25,
        Kind.NUMBER,
        "Look at live logs every",
        "Only where the system does not notify of changes: on network drives, for instance.",
        "Folders",
        unit="s",
        minimum=0.05,
        maximum=60,
    )
    write_synced_marker: bool = _o(
        False,
        Kind.SWITCH,
        "Mark synced runs",
        "Write W&B's .synced file beside a log that is verified.",
        "Folders",
    )
    upload_interval_loopback: float = _o(
        0.5,
        Kind.NUMBER,
        "Send to this computer every",
        "Pause between two sendings of a live run.",
        "Network",
        unit="s",
        minimum=0.05,
        maximum=3600,
    )
    upload_interval: float = _o(
        15.0,
        Kind.NUMBER,
        "Send to other servers every",
        "Pause between two sendings of a live run.",
        "Network",
        unit="s",
        minimum=0.5,
        maximum=3600,
    )
    parallel_uploads: int = _o(
        3, Kind.WHOLE, "Runs at once", "How many runs are sent at the same time.", "Network", minimum=1, maximum=16
    )
    connect_timeout: float = _o(
        10.0,
        Kind.NUMBER,
        "Wait for a connection",
        "Then it counts as failed and is tried again.",
        "Network",
        unit="s",
        minimum=1,
        maximum=300,
    )
    request_timeout: float = _o(
        60.0,
        Kind.NUMBER,
        "Wait for an answer",
        "Then the request counts as failed and is tried again.",
        "Network",
        unit="s",
        minimum=1,
        maximum=3600,
    )
    max_request_bytes: int = _o(
        10 * MIB,
        Kind.WHOLE,
        "Largest request",
        "Longer batches of rows are sent in several requests.",
        "Network",
        unit="bytes",
        minimum=64 * 1024,
        maximum=256 * MIB,
    )
    console: bool = _o(
        True,
        Kind.SWITCH,
        "Send console output",
        "What the training printed.",
        "Privacy",
        variables=("WANDB_CONSOLE",),
        on_words=("auto", "wrap", "redirect", "wrap_raw", "wrap_emu"),
    )
    metrics_only: bool = _o(
        False, Kind.SWITCH, "Metrics only", "Send history, summary and config, and nothing else.", "Privacy"
    )
    save_code: bool = _o(
        False,
        Kind.SWITCH,
        "Send code changes",
        "The repository's uncommitted changes go to other servers too, not only to the local one.",
        "Privacy",
        variables=("WANDB_SAVE_CODE",),
    )
    log_level: str = _o(
        "info",
        Kind.CHOICE,
        "Log level",
        "How much is written into the app's own log.",
        "Advanced",
        choices=("debug", "info", "warning", "error"),
    )

    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False, repr=False)
    problems: tuple[AppError, ...] = field(default=(), compare=False, repr=False)
    path: Path | None = field(default=None, compare=False, repr=False)

    @classmethod
    def load(cls, path: Path, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the file (which may be missing) and the variables; see the module's docstring."""
        environ = os.environ if environ is None else environ
        stored, problem = read_object(path)
        problems = [problem] if problem else []
        values: dict[str, Any] = {}
        origins: dict[str, Origin] = {}
        for name, one in OPTIONS.items():
            variable = next((each for each in one.variables if environ.get(each, "").strip()), None)
            try:
                if name in stored:
                    values[name], origins[name] = one.check(stored[name]), Origin.FILE
            except ValueError as error:
                problems.append(_unusable(name, f"The file {path}", error))
            try:
                if variable:
                    values[name], origins[name] = one.parse(environ[variable]), Origin.ENVIRONMENT
            except ValueError as error:
                problems.append(_unusable(name, f"The variable {variable}", error))
        return cls(**values, origins=origins, problems=tuple(problems), path=path)

    def get(self, name: str) -> Any:
        """The value of an option by its name; KeyError where there is none."""
        return getattr(self, OPTIONS[name].name)

    @property
    def certificates_folder(self) -> Path | None:
        """Where certificates that a person added are kept: beside the settings file; None without one."""
        return self.path.parent / "certificates" if self.path else None

    @property
    def key_file(self) -> Path | None:
        """Where keys are kept if somebody wants them in a file: beside the settings file; None without one."""
        return self.path.parent / "keys.json" if self.path else None

    def origin(self, name: str) -> Origin:
        """Where an option's value comes from."""
        return self.origins.get(name, Origin.DEFAULT)

    def changed(self, **values: Any) -> Settings:
        """The same with other values, checked; UsageError says which one cannot be used."""
        checked: dict[str, Any] = {}
        for name, value in values.items():
            if name not in OPTIONS:
                raise UsageError("no-such-setting", "No such setting", f"There is no setting '{name}'.", _NAMES_HINT)
            try:
                checked[name] = OPTIONS[name].check(value)
            except ValueError as error:
                raise _unusable(name, "The new value", error) from None
        origins = {**self.origins, **dict.fromkeys(checked, Origin.CHANGED)}
        return dataclasses.replace(self, **checked, origins=origins)

    def save(self, path: Path | None = None) -> Settings:
        """Write what was changed; returns the settings as saved. NeedsUser where the file cannot be written.

        Options at their default leave the file; a broken file is kept beside it first.
        """
        target = path or self.path
        if target is None:
            raise ValueError("these settings belong to no file")
        updates = {
            name: one.to_json(self.get(name)) for name, one in OPTIONS.items() if self.origin(name) is Origin.CHANGED
        }
        dropped = {name for name in updates if self.get(name) == OPTIONS[name].default}
        write_object(target, {name: value for name, value in updates.items() if name not in dropped}, dropped)
        origins = {
            name: Origin.FILE if origin is Origin.CHANGED else origin
            for name, origin in self.origins.items()
            if name not in dropped
        }
        return dataclasses.replace(self, origins=origins, path=target)


def _unusable(name: str, where: str, error: ValueError) -> UsageError:
    return UsageError(
        "bad-setting",
        f"The setting '{name}' cannot be used",
        f"{where}: {error}.",
        f"Correct it or remove it; until then the default is used ({OPTIONS[name].default!r}).",
        error,
    )


OPTIONS = options_of(Settings)
"""Every option by its name, in the order in which the settings pages show them."""

_NAMES_HINT = "Use one of the names that the settings pages and the settings file use."

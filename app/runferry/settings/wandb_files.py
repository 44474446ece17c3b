"""Reads W&B's own settings files; never writes them.

Two INI files with one section ``[default]``: the global one under ``$WANDB_CONFIG_DIR`` or ``~/.config/wandb``, and
the local one in the wandb folder, which wins. They are read the way people leave them: unknown keys, no section,
a byte order mark, a broken line. What cannot be read counts as not there.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

from runferry.regular_files import read_regular

SECTION = "default"
LARGEST = 1024 * 1024  # bytes of such a file; more is none


def wandb_settings(directory: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What W&B's settings say for a folder that holds (or is) a wandb folder, global ones included. Keys as written."""
    environ = os.environ if environ is None else environ
    found = read_ini(global_file(environ))
    found.update(read_ini(local_file(directory)))
    return found


def global_file(environ: Mapping[str, str]) -> Path:
    """Where W&B keeps the settings of the person."""
    named = environ.get("WANDB_CONFIG_DIR")
    folder = Path(named).expanduser() if named else Path(environ.get("HOME") or Path.home()) / ".config" / "wandb"
    return folder / "settings"


def local_file(directory: Path) -> Path:
    """The settings of one wandb folder. W&B takes ``.wandb`` where that exists, else ``wandb``."""
    if directory.name in ("wandb", ".wandb"):
        return directory / "settings"
    hidden = directory / ".wandb"
    return (hidden if hidden.is_dir() else directory / "wandb") / "settings"


def read_ini(path: Path) -> dict[str, str]:
    """Keys and values of one file, all sections merged, ``[default]`` last; empty where there is nothing to read."""
    try:
        text = read_regular(path, LARGEST).decode("utf-8-sig", "replace")
    except OSError:
        return {}
    # Interpolation would choke on a % in a value; a missing section header is not worth losing the file.
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True, default_section="\0")
    for candidate in (text, f"[{SECTION}]\n{text}"):
        try:
            parser.read_string(candidate)
        except configparser.MissingSectionHeaderError:
            continue
        except configparser.ParsingError:
            pass  # the lines that could be read are kept by the parser
        break
    sections = sorted(parser.sections(), key=lambda name: name == SECTION)
    return {key: value for name in sections for key, value in parser[name].items() if value is not None}

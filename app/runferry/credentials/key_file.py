"""A file with keys, for machines without a keyring, and only where the person asked for it. Its mode is 0600."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from runferry.errors import NeedsUser
from runferry.regular_files import open_regular
from runferry.servers import normalise_url
from runferry.settings.file import replace_private


def read_key(path: Path, url: str) -> str | None:
    """The key of a server; NeedsUser where others could read the file, as such a key is no secret any more."""
    return _read(path).get(normalise_url(url))


def write_key(path: Path, url: str, key: str | None) -> bool:
    """Keep or (None) remove the key of a server; tells whether there was one before. NeedsUser where that fails."""
    keys = _read(path)
    known = keys.pop(normalise_url(url), None) is not None
    if key is not None:
        keys[normalise_url(url)] = key
    elif not known:
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_private(path, json.dumps(keys, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise _failed(path, "written", error) from error
    return known


def _read(path: Path) -> dict[str, str]:
    try:
        with open_regular(path) as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise NeedsUser(
                    "key-file-open",
                    "Others can read the file with the keys",
                    f"{path} is not private, so it is not used.",
                    f"Run `chmod 600 {path}`, and get a new key if somebody may have read it.",
                )
            found = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _failed(path, "read", error) from error
    if not isinstance(found, dict):
        raise _failed(path, "read", "it is not a JSON object")
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _failed(path: Path, verb: str, error: object) -> NeedsUser:
    # A parse error's text names a position, never the contents.
    return NeedsUser(
        "key-file-unusable",
        "The file with the keys cannot be used",
        f"{path} cannot be {verb}: {getattr(error, 'strerror', None) or error}.",
        "Correct its permissions, or remove it and log in again.",
        error,
    )

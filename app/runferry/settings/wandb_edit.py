"""Changes W&B's own settings file of a directory, as `wandb init`, `wandb offline` and `wandb online` do.

Only keys that W&B itself writes there (project, entity, mode) are ever set: a server's address in this file would
redirect the official client. Lines that are not concerned, comments among them, stay as they are; the file is replaced
as a whole, never half written.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from runferry.errors import NeedsUser
from runferry.regular_files import read_regular
from runferry.settings.wandb_files import LARGEST, SECTION, local_file, read_ini

OFF_MODES = frozenset(("offline", "dryrun", "disabled"))
_KEYS = frozenset(("project", "entity", "mode", "disabled"))


def is_off(settings: Mapping[str, str]) -> bool:
    """Whether a directory's settings file says that its runs stay here until asked for (`wandb offline`, `off`)."""
    return settings.get("mode", "").strip().lower() in OFF_MODES or _yes(settings.get("disabled", ""))


def directory_is_off(wandb_folder: Path) -> bool:
    """The same for the folder in which runs lie."""
    return is_off(read_ini(wandb_folder / "settings"))


def edit(directory: Path, values: Mapping[str, str], removed: frozenset[str] = frozenset()) -> Path:
    """Set and remove keys in the settings of a directory; gives the file. Raises NeedsUser where it cannot be written.

    A file that would stay away is not made: removing from nothing does nothing. The directory may come from a stranger:
    a file that is a link out of it is not followed, and one that is not W&B's settings is not rewritten.
    """
    assert values.keys() | removed <= _KEYS, "keys that are not W&B's to keep there"
    path = local_file(directory)
    if not values and not path.exists():
        return path
    try:
        text = _ours(path, directory) if path.exists() or path.is_symlink() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path.resolve(), _edited(text, values, removed))
    except OSError as error:
        raise NeedsUser(
            "settings-not-saved",
            "W&B's settings file was not changed",
            f"{path}: {error.strerror or error}.",
            "Make the folder writable for you, or set WANDB_MODE, WANDB_PROJECT, WANDB_ENTITY instead.",
            error,
        ) from error
    return path


def _ours(path: Path, directory: Path) -> str:
    """The content, where it is a file of this directory that W&B could have written. Raises NeedsUser and OSError."""
    real, folder = path.resolve(), path.parent.resolve()  # a `wandb` folder that is a link, to scratch say, is common
    if not any(real.is_relative_to(one) for one in (folder, directory.resolve())):
        raise _not_touched(path, f"It is a link to {real}, outside of this directory")
    text = read_regular(real, LARGEST).decode("utf-8-sig", "surrogateescape")
    if text.strip() and not any(_is_head(line) for line in text.splitlines()):
        raise _not_touched(path, f"It has no [{SECTION}] section, so it may be another program's file")
    return text


def _not_touched(path: Path, why: str) -> NeedsUser:
    return NeedsUser(
        "settings-not-ours",
        "W&B's settings file was not changed",
        f"{path}: {why}.",
        "Look at that file, and move it away if nobody needs it there; or set WANDB_MODE, WANDB_PROJECT, WANDB_ENTITY.",
    )


def _is_head(line: str) -> bool:
    return line.strip().lower() == f"[{SECTION}]"


def _edited(text: str, values: Mapping[str, str], removed: frozenset[str]) -> str:
    """The keys' lines replaced or left out, new ones at the end of the section."""
    concerned = removed | values.keys()
    kept = [line for line in text.splitlines() if _key(line) not in concerned]
    while kept and not kept[-1].strip():
        kept.pop()
    heads = [index for index, line in enumerate(kept) if _is_head(line)]
    if not heads:
        kept += [f"[{SECTION}]"]
        heads = [len(kept) - 1]
    after = next((i for i in range(heads[0] + 1, len(kept)) if kept[i].lstrip().startswith("[")), len(kept))
    kept[after:after] = [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(kept) + "\n\n"


def _key(line: str) -> str:
    found = re.match(r"\s*([A-Za-z_]+)\s*[=:]", line)
    return found[1].lower() if found else ""


def _replace(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    descriptor, temporary = tempfile.mkstemp(prefix=".settings.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _yes(text: str) -> bool:
    return text.strip().lower() in ("true", "1", "yes", "on")

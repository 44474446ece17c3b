"""The settings file: a JSON object, read tolerantly and replaced atomically, readable by its owner only.

A file that is no JSON object is never overwritten: it is kept beside the new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runferry.errors import AppError, NeedsUser
from runferry.regular_files import read_regular

LARGEST = 16 << 20  # bytes


def read_object(path: Path) -> tuple[dict[str, Any], AppError | None]:
    """What the file holds, and what is wrong with it; a missing file holds nothing."""
    try:
        found = json.loads(read_regular(path, LARGEST).decode("utf-8-sig"))
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        return {}, NeedsUser(
            "settings-unreadable",
            "The settings cannot be read",
            f"{path}: {error.strerror or error}. Defaults are used.",
            "Make the file readable for you.",
            error,
        )
    except (ValueError, RecursionError) as error:
        return {}, _broken(path, str(error))
    if not isinstance(found, dict):
        return {}, _broken(path, "it is not a JSON object")
    return found, None


def _broken(path: Path, why: str) -> AppError:
    return NeedsUser(
        "settings-broken",
        "The settings file is broken",
        f"{path}: {why}. Defaults are used.",
        "Correct the file. If a setting is changed first, the broken file is kept beside the new one.",
        why,
    )


def write_object(path: Path, updates: Mapping[str, Any], dropped: Iterable[str] = ()) -> None:
    """Merge `updates` into the file and take `dropped` out; all other keys stay. NeedsUser where that fails."""
    target = path.resolve()  # a file that is a symlink, as dotfile tools make them, stays one
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stored, problem = read_object(target)
        if problem is not None:
            os.replace(target, _free_name(target))  # noqa: PTH105
        merged = {**{key: value for key, value in stored.items() if key not in set(dropped)}, **updates}
        text = json.dumps(merged, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        replace_private(target, text, "backslashreplace")  # of what is no UTF-8 in a path that is JSON's own escape
    except OSError as error:
        raise NeedsUser(
            "settings-not-saved",
            "The settings were not saved",
            f"{path}: {error.strerror or error}.",
            "Make room on the disk, or make the folder writable for you; then change the setting again.",
            error,
        ) from error


def _free_name(path: Path) -> Path:
    """A name beside the file that is not taken."""
    number = 1
    while (candidate := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return candidate


def replace_private(path: Path, text: str, errors: str = "surrogateescape") -> None:
    """Replace a file atomically by one that only its owner can read. OSError where that fails.

    errors: what becomes of bytes in paths that are no UTF-8; they are written as they are, where nothing else is said.
    """
    # mkstemp makes the file 0600, and in the same folder, so that replacing it is atomic.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors=errors) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise

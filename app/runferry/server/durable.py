"""Small files written so that a kill at any moment leaves the old or the new content, never a mixture.

Temporary files lie beside their target, on the same file system, and are removed when a store is opened.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

PARTIAL = ".partial~"  # ends the name of every file that is not complete yet; no escaped name can end like this


def partial_beside(path: Path) -> Path:
    """A free name for the file that will replace `path`; short, whatever the length of the target's name."""
    return path.with_name(f".{uuid.uuid4().hex}{PARTIAL}")


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` with `data` in one step. Raises OSError and leaves nothing behind when the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_beside(path)
    try:
        with partial.open("wb") as file:
            file.write(data)
        os.replace(partial, path)  # noqa: PTH105 - the atomic one on every system
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """`value` as readable JSON. NaN and infinities are kept, as W&B's own files keep them."""
    write_whole(path, json.dumps(value, ensure_ascii=True, indent=1).encode() + b"\n")


def read_json(path: Path) -> Any:
    """What `write_json` wrote. Raises OSError or ValueError."""
    return json.loads(path.read_bytes())

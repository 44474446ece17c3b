"""A support file: what somebody who helps has to know, and nothing that they must not. Written where a person says.

Keys and passwords are masked (`logs.secrets`), the home folder and the person's name are replaced. It holds settings,
states and the last part of the logs; no rows, no console output, no files of runs. Foreign text in it is inert, and it
is bounded.
"""

from __future__ import annotations

import getpass
import io
import json
import os
import platform
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.at_work import AT_WORK, stacks
from runferry.errors import NeedsUser
from runferry.inert import inert
from runferry.logs import secrets
from runferry.regular_files import open_regular
from runferry.settings import OPTIONS
from runferry.version import __version__

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

LOG_TAIL = 1 << 20  # bytes of each log
LOGS = 20
RUNS = 200  # of each list
TEXT = 2000  # characters of one text


def write_support_file(engine: Engine, path: Path) -> tuple[str, ...]:
    """Write the zip; the names of what is in it. Raises NeedsUser where it cannot be written."""
    parts = {name: redacted(text) for name, text in _parts(engine).items()}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text.encode("utf-8", "backslashreplace"))  # of what is no UTF-8: JSON's own escape
    try:
        _write(path, held.getvalue())
    except OSError as error:
        raise NeedsUser(
            "support-not-written",
            "The support file could not be written",
            f"{path}: {error.strerror or error}.",
            "Choose another place.",
            error,
        ) from error
    return tuple(parts)


def redacted(text: str) -> str:
    """Without secrets, without the home folder, without the person's name."""
    masked = secrets.mask(text)
    masked = masked.replace(str(Path.home()), "~").replace(json.dumps(str(Path.home()))[1:-1], "~")
    try:
        person = getpass.getuser()
    except (OSError, KeyError):
        return masked
    return re.sub(rf"(?<![\w-]){re.escape(person)}(?![\w-])", "<person>", masked) if len(person) > 2 else masked


def _parts(engine: Engine) -> dict[str, str]:
    snapshot = {
        name: value[:RUNS] if isinstance(value, (list, tuple)) else value
        for name, value in engine.snapshot().as_dict().items()
    }
    settings = {
        name: {"value": one.to_json(engine.settings.get(name)), "from": engine.settings.origin(name).value}
        for name, one in OPTIONS.items()
    }
    about = {"runferry": __version__, "python": sys.version, "platform": platform.platform(), "frozen": _is_frozen()}
    parts = {
        "about.json": _json(about),
        "settings.json": _json(settings),
        "status.json": _json(snapshot),
        "threads.txt": _threads(),
    }
    for log in sorted(engine.home.logs.glob("*.log"))[:LOGS]:
        try:
            with open_regular(log) as file:
                file.seek(max(os.fstat(file.fileno()).st_size - LOG_TAIL, 0))
                lines = file.read(LOG_TAIL).decode("utf-8", "replace").split("\n")
        except OSError as error:
            lines = [f"not readable: {error.strerror}"]
        parts[f"logs/{inert(log.name, TEXT)}"] = "\n".join(inert(line) for line in lines)
    return parts


def _threads() -> str:
    """Where each thread stands, those of parts that get nowhere first."""
    stuck = AT_WORK.stuck()
    told = "".join(f"No progress for {one.seconds:.0f} s: {one.part} {one.what}\n" for one in stuck)
    return told + stacks(tuple(thread for one in stuck for thread in one.threads))


def _json(value: object) -> str:
    return json.dumps(_shown(value), indent=1, ensure_ascii=False, default=str) + "\n"


def _shown(value: object) -> object:
    """Texts that came from anywhere do nothing where the file is looked at, and none fills it."""
    if isinstance(value, str):
        return inert(value, TEXT)
    if isinstance(value, dict):
        return {inert(key, TEXT): _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, (list, tuple)) else value


def _write(path: Path, data: bytes) -> None:
    """Readable by its owner only: it tells what somebody works on."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(data)


def _is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))

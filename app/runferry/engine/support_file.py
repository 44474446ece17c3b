"""A support file: what somebody who helps has to know, and nothing that they must not. Written where a person says.

Keys and passwords are masked (`logs.secrets`), the home folder and the person's name are replaced. It holds settings,
states and the last part of the logs; no rows, no console output, no files of runs.
"""

from __future__ import annotations

import getpass
import io
import json
import platform
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.at_work import AT_WORK, stacks
from runferry.errors import NeedsUser
from runferry.logs import secrets
from runferry.settings import OPTIONS
from runferry.version import __version__

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

LOG_TAIL = 1 << 20  # bytes of each log
RUNS = 200  # of the list


def write_support_file(engine: Engine, path: Path) -> tuple[str, ...]:
    """Write the zip; the names of what is in it. Raises NeedsUser where it cannot be written."""
    parts = {name: redacted(text) for name, text in _parts(engine).items()}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    try:
        path.write_bytes(held.getvalue())
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
    snapshot = engine.snapshot().as_dict()
    snapshot["runs"] = snapshot["runs"][:RUNS]
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
    for log in sorted(engine.home.logs.glob("*.log")):
        try:
            with log.open("rb") as file:
                file.seek(max(log.stat().st_size - LOG_TAIL, 0))
                parts[f"logs/{log.name}"] = file.read().decode("utf-8", "replace")
        except OSError as error:
            parts[f"logs/{log.name}"] = f"not readable: {error.strerror}"
    return parts


def _threads() -> str:
    """Where each thread stands, those of parts that get nowhere first."""
    stuck = AT_WORK.stuck()
    told = "".join(f"No progress for {one.seconds:.0f} s: {one.part} {one.what}\n" for one in stuck)
    return told + stacks(tuple(thread for one in stuck for thread in one.threads))


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def _is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))

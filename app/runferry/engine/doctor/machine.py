"""This computer: keyring, limits of folder notifications, room on the disk, what can be measured."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

from runferry.credentials import Keychain
from runferry.engine.doctor.step import Step, good, warning
from runferry.engine.host_metrics import options
from runferry.errors import AppError
from runferry.holders import why_blind
from runferry.metrics.sample import RATE
from runferry.metrics.sampler import Sampler
from runferry.paths import Home
from runferry.settings import Settings

_FEW_WATCHES = 8192
_FEW_INSTANCES = 64
_LITTLE_ROOM = 1 << 30  # bytes
_MOMENT = 0.1  # seconds
_LIMITS = Path("/proc/sys/fs/inotify")


def keyring(keychain: Keychain) -> Step:
    """Where keys are kept. Never raises."""
    try:
        backend, is_good = keychain.described()
    except AppError as error:
        return warning(error.message, error.todo)
    if not is_good:
        return warning(
            f"none that keeps secrets ({backend})",
            "Set WANDB_API_KEY, or add the server to ~/.netrc; or start a Secret Service.",
            backend=backend,
        )
    try:
        keychain.get("https://runferry-doctor.invalid")
    except AppError as error:
        return warning(f"{backend}: {error.message}", error.todo, backend=backend)
    return good(f"{backend} answers", backend=backend)


def notifications() -> Step:
    """How many folders may be watched."""
    if not sys.platform.startswith("linux"):
        return good("this system has no such limits")
    try:
        watches = int((_LIMITS / "max_user_watches").read_text())
        instances = int((_LIMITS / "max_user_instances").read_text())
    except (OSError, ValueError):
        return good("the limits cannot be read")
    said = f"{watches:,} folders, {instances} watchers for all your programs together"
    if watches < _FEW_WATCHES or instances < _FEW_INSTANCES:
        return warning(
            said,
            "Where that is not enough, Runferry polls and says so. More: sysctl fs.inotify.max_user_watches=524288.",
            watches=watches,
            instances=instances,
        )
    return good(said, watches=watches, instances=instances)


def measuring(settings: Settings) -> Step:
    """What can be measured of this computer, and why the rest cannot. Takes a tenth of a second."""
    if not settings.host_metrics:
        return good("off, by the settings")
    sampler = Sampler(options(settings))
    try:
        sampler.keep({"this": (os.getpid(),)})
        sampler.measure()
        time.sleep(_MOMENT)  # rates need two looks
        reading = sampler.measure()
    finally:
        sampler.close()
    own = reading.runs["this"]
    reasons = {**reading.host.reasons, **(own.reasons if own else {})}
    names = sorted(one for one in (*reading.host.values, *(own.values if own else {})) if not one.startswith(RATE))
    lines = [f"not measured: {name} ({why})" for name, why in sorted(reasons.items())]
    if blind := why_blind():
        reasons["proc.*"] = blind
        return warning(
            f"{len(names)} values of the computer; which processes train a run cannot be told: {blind}",
            "Runs are measured without their processes, `runferry stop` refuses, and no run is called crashed.",
            *lines, values=names, reasons=reasons,
        )  # fmt: skip
    return good(f"{len(names)} values", *lines, values=names, reasons=reasons)


def disk(home: Home) -> Step:
    """Room for the app's state, and for the local server's store."""
    lines, little, data = [], False, {}
    for what, path in (("state", home.state), ("store", home.store)):
        there = next(one for one in (path, *path.parents) if one.exists())
        free = shutil.disk_usage(there).free
        lines.append(f"{what}: {free / 1e9:.1f} GB free at {path}")
        data[f"{what}_free_bytes"] = free
        little = little or free < _LITTLE_ROOM
    if little:
        return warning("little room is left", "Free some space.", *lines, **data)
    return good(lines[0], *lines[1:], **data)

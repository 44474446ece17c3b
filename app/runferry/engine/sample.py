"""A sample run: a tiny model that trains in a process of its own, so that one can see a run arrive.

The folder is watched for as long as the sample is wanted; what was recorded stays there and on the local server.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.choice import Choice
from runferry.engine.watched import WatchedFolder
from runferry.own_command import own_command
from runferry.servers import LOCAL

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

_WHO = "sample"


def sample_folder(engine: Engine) -> Path:
    """Where samples are recorded; made if need be."""
    folder = engine.home.state / "sample-runs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def sample_command() -> list[str]:
    """The program that trains; it records into its working directory."""
    return [*own_command(), "demo", "--training"]


def sample_environment(folder: Path) -> dict[str, str]:
    """Variables for it, beside those that are there."""
    return {"WANDB_DIR": str(folder), "RUNFERRY_MODE": "online", "RUNFERRY_SILENT": "true", "WANDB_PROJECT": "demo"}


def watch_sample(engine: Engine, folder: Path) -> None:
    """Sync what is recorded there to the local server, as it grows."""
    engine.watching.use(_WHO, [WatchedFolder(folder, Choice(LOCAL, "the sample run"))])


def leave_sample(engine: Engine) -> None:
    """Watch it no more."""
    engine.watching.use(_WHO, [])

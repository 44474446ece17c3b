"""Runferry: records machine-learning runs, and carries them to where people look at them.

    import runferry

    run = runferry.init(project="digits", config={"lr": 0.1})
    run.log({"loss": 0.5})
    run.finish()

This module is what a training script imports: standard library only, and quick.
"""

from __future__ import annotations

from runferry.recorder.api import alert, define_metric, finish, init, log, save
from runferry.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Run",
    "Settings",
    "__version__",
    "alert",
    "config",
    "define_metric",
    "finish",
    "init",
    "log",
    "run",
    "save",
    "summary",
]


def __getattr__(name: str) -> Any:
    from runferry.recorder.api import attribute

    return attribute(name)

"""Runs training scripts in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

APP = Path(__file__).resolve().parent.parent / "app"


def environment(**more: str) -> dict[str, str]:
    """The tests' clean environment, with the recorder on the path."""
    return {**os.environ, "PYTHONPATH": str(APP), "PYTHONUNBUFFERED": "1", **more}


def script(place: Path, code: str) -> Path:
    """Write a training script."""
    path = place / "train.py"
    path.write_text(textwrap.dedent(code), encoding="utf-8")
    return path


def run(place: Path, code: str, python: str = sys.executable, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    return subprocess.run(
        [python, str(script(place, code))],
        cwd=place,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def start(place: Path, code: str, **more: str) -> subprocess.Popen[str]:
    """Start a script; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, str(script(place, code))],
        cwd=place,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

"""Offline runs written by the real client, made once and kept under bench-results/cache."""

from __future__ import annotations

import shutil
from pathlib import Path

from rig import CACHE, PEER, SCRIPTS, environment, run

LARGE_ROWS = 100_000
SMALL_RUNS = 50


def large() -> Path:
    """One run of 100,000 rows with 10 metrics; its folder."""
    return _made("large", "1", str(LARGE_ROWS), "0")[0]


def small() -> list[Path]:
    """50 runs of 100 rows."""
    return _made("small", str(SMALL_RUNS), "100", "0")


def one_large_row() -> Path:
    """One run whose only row holds a text of 5 MB."""
    return _made("large-row", "1", "1", str(5_000_000))[0]


def log_of(folder: Path) -> Path:
    """A run folder's transaction log."""
    return next(folder.glob("*.wandb"))


def _made(name: str, *arguments: str) -> list[Path]:
    folder = CACHE / name
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"making the official runs of {name!r}, once …", flush=True)
        run([PEER / "python", SCRIPTS / "official.py", folder, *arguments], environment(folder / "home"), folder)
        (folder / "complete").touch()
    return sorted((folder / "wandb").glob("offline-run-*"))

"""The run folders of real clients as they stood on disk.

tests/fixtures holds the logs alone; the folders around them are made here as the clients name them. What a log says
was saved with the run is made too, with any content: the fixtures' own files are not kept.
"""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def load(name: str) -> dict[str, Any]:
    """A JSON file of the fixtures."""
    with lzma.open(FIXTURES / name, "rt", encoding="utf-8") as file:
        return dict(json.load(file))


def logs(name: str) -> dict[str, bytes]:
    """Contents of a packed folder, by name without suffix."""
    with tarfile.open(FIXTURES / name) as archive:
        return {
            one.name.removesuffix(".wandb"): content.read()
            for one in archive
            if (content := archive.extractfile(one)) is not None
        }


def legacy_folders(top: Path) -> dict[str, Path]:
    """Folders by wandb 0.8.36, each in a folder of its own, by name."""
    with tarfile.open(FIXTURES / "legacy.tar.xz") as archive:
        archive.extractall(top, filter="data")
    return {one.parent.name: one for one in sorted(top.glob("*/*run-*"))}


def put(top: Path, truth: dict[str, Any], log: bytes) -> Path:
    """A run folder with its log and the files that it names; an existing log is written over, as it would grow."""
    folder = top / truth["wandb_file"].split("/")[0]
    for name in truth["files"]:
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"contents of {name}\n")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / truth["wandb_file"].split("/")[1]
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(log)
    hours_ago = time.time() - 10_000 + len(log) / 1e6  # nobody has been writing lately
    os.utime(path, (hours_ago, hours_ago))
    return folder


def git_repository(place: Path, files: Mapping[str, str]) -> None:
    """A repository with one commit of these files."""
    place.mkdir(parents=True)
    identity = ("-c", "user.name=me", "-c", "user.email=me@example.invalid", "-c", "init.defaultBranch=main")
    for name, text in files.items():
        (place / name).write_text(text)
    for words in (("init", "--quiet"), ("add", "-A"), ("commit", "--quiet", "-m", "first")):
        subprocess.run(["git", "-C", place, *identity, *words], check=True, capture_output=True)

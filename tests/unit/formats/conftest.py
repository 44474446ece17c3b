"""Logs by real clients (0.10.33 to 0.31.0), damaged ones, and what the official tools made of them.

tests/fixtures: runs.tar.xz (logs), runs-truth.json.xz (decoded with the official reader), damaged.tar.xz (logs damaged
by script, with the number of rows whose bytes are untouched), sent.json.xz (what `wandb sync` 0.31.0 sent).
"""

from __future__ import annotations

import json
import lzma
import tarfile
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def _unpack(name: str, folder: Path) -> Path:
    with tarfile.open(FIXTURES / name) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            (folder / member.name).write_bytes(content.read())
    return folder


def _load(name: str) -> Any:
    with lzma.open(FIXTURES / name, "rt", encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the log of every run."""
    return _unpack("runs.tar.xz", tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="session")
def truths() -> dict[str, Any]:
    return dict(_load("runs-truth.json.xz"))


@pytest.fixture(scope="session")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the damaged logs and rows.json."""
    return _unpack("damaged.tar.xz", tmp_path_factory.mktemp("damaged"))


@pytest.fixture(scope="session")
def sent() -> dict[str, Any]:
    return dict(_load("sent.json.xz"))


@pytest.fixture(scope="session")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run folders by wandb 0.8.36 (legacy.tar.xz), by name."""
    top = tmp_path_factory.mktemp("legacy")
    with tarfile.open(FIXTURES / "legacy.tar.xz") as archive:
        archive.extractall(top, filter="data")
    return {one.parent.name: one for one in sorted(top.glob("*/*"))}


@pytest.fixture(scope="session")
def legacy_truths() -> dict[str, Any]:
    return dict(_load("legacy-truth.json.xz"))

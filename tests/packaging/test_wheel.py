"""The wheel on bare Pythons: the recorder needs nothing, and the commands come with one extra."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from packaging_rig import CHECKOUT, RECORDER_PYTHONS, TRAINING, find_python, json_lines, make_venv, run, surroundings

pytestmark = pytest.mark.packaging

LOADED = """
import json, sys
before = set(sys.modules)
import runferry
print(json.dumps([[name, getattr(sys.modules[name], "__file__", None) or ""] for name in set(sys.modules) - before]))
"""

ICONS = """
from runferry.desktop.look.resources import resources
assert (resources() / "runferry.svg").is_file()
print(resources())
"""


def python_for(version: str) -> Path:
    found = find_python(version)
    if found is None:
        pytest.skip(f"Python {version} is not installed here")
    return found


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"runferry"}
    assert not [name for name in names if "test" in name.lower() or name.endswith((".pyc", ".db"))]
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    # For type checkers of training scripts.
    assert "runferry/py.typed" in names
    drawings = {path.name for path in (CHECKOUT / "resources" / "icons").glob("*.svg")}
    assert {name.rpartition("/")[2] for name in names if name.startswith("runferry/resources/icons/")} == drawings


def test_the_window_finds_its_icons_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environ = {**surroundings(tmp_path), "PYTHONPATH": str(tmp_path / "site")}
    shown = run([sys.executable, "-c", ICONS], tmp_path, environ)
    assert (shown.code, shown.out) == (0, f"{tmp_path / 'site' / 'runferry' / 'resources'}\n"), shown.err


@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", RECORDER_PYTHONS)
def test_the_recorder_alone(version: str, wheel: Path, tmp_path: Path) -> None:
    bare = make_venv(python_for(version), tmp_path / "venv", wheel)
    environ = surroundings(tmp_path)

    loaded = run([bare / "python", "-c", LOADED], tmp_path, environ)
    foreign = [
        name for name, file in json.loads(loaded.out) if "site-packages" in file and name.split(".")[0] != "runferry"
    ]
    assert foreign == []

    trained = run([bare / "python", "-c", TRAINING], tmp_path, environ)
    assert (trained.code, trained.out) == (0, "trained\n"), trained.err
    (log,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    assert log.stat().st_size > 50 * 50

    assert run([bare / "runferry", "--version"], tmp_path, environ).code == 0
    for arguments in ([], ["status"], ["sync", "wandb"], ["inspect", "wandb"]):
        refused = run([bare / "runferry", *arguments], tmp_path, environ)
        assert refused.code == 2
        assert "pip install 'runferry[sync]'" in refused.err
        assert "Traceback" not in refused.err


@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", ["3.10", "3.12", "3.13"])
def test_record_sync_verify(version: str, wheel: Path, installed: Path, tmp_path: Path) -> None:
    python = python_for(version)
    there = installed if version == "3.12" else make_venv(python, tmp_path / "venv", f"{wheel}[sync]")
    environ = surroundings(tmp_path)
    assert run([there / "python", "-c", TRAINING], tmp_path, environ).code == 0

    synced = run([there / "runferry", "sync", "wandb", "--server", "local", "--json"], tmp_path, environ)
    assert synced.code == 0, synced.err
    (told,) = json_lines(synced.out)
    assert (told["state"], told["rows"], told["rows_sent"]) == ("verified", 50, 50)

    compared = run([there / "runferry", "verify", told["run_id"], "--deep"], tmp_path, environ)
    assert compared.code == 0, compared.err
    assert "50 rows" in compared.out

"""What is built once for all packaging tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from packaging_rig import CHECKOUT, build, find_python, make_venv


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source archive, as a release would be."""
    folder = tmp_path_factory.mktemp("dist")
    build([sys.executable, "-m", "build", "--outdir", folder])
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has `runferry[sync]`, and a pip, on Python 3.12 where there is one."""
    python = find_python("3.12") or Path(sys.executable)
    return make_venv(python, tmp_path_factory.mktemp("installed") / "venv", f"{wheel}[sync]", "pip")


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the frozen folder."""
    folder = tmp_path_factory.mktemp("frozen")
    pyinstaller = Path(sys.executable).with_name("pyinstaller")
    where: list[str | Path] = ["--distpath", folder / "dist", "--workpath", folder / "build"]
    build([pyinstaller, "--noconfirm", "--log-level", "ERROR", *where, CHECKOUT / "build.spec"])
    return folder / "dist" / "runferry" / "runferry"

"""`.ci/install`, with which make brings packages: one sentence where it fails, and all that pip said in a file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from packaging_rig import CHECKOUT, make_venv, run, surroundings

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with a pip and nothing else."""
    return make_venv(Path(sys.executable), tmp_path_factory.mktemp("bare") / "venv", "pip")


@pytest.mark.parametrize("index", ["http://127.0.0.1:9/simple", "https://index.invalid/simple"])
def test_no_network_is_one_sentence(index: str, programs: Path, tmp_path: Path) -> None:
    environ = {**surroundings(tmp_path), "PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": index}
    told = run([programs / "python", CHECKOUT / ".ci" / "install", "a-package"], tmp_path, environ)
    assert told.code != 0
    assert "The package index cannot be reached" in told.err
    assert "HTTPS_PROXY" in told.err
    assert len((told.out + told.err).splitlines()) == 1
    assert "a-package" in (programs.parent / "install.log").read_text()


def test_what_else_went_wrong_is_told_with_the_whole_story(programs: Path, tmp_path: Path) -> None:
    environ = {**surroundings(tmp_path), "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1"}
    told = run([programs / "python", CHECKOUT / ".ci" / "install", "a-package"], tmp_path, environ)
    assert told.code != 0
    assert "No matching distribution found for a-package" in told.err
    assert str(programs.parent / "install.log") in told.err

"""A command that is given in a folder from elsewhere starts processes of its own: none takes a part from there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runferry.own_command import own_command


def test_what_lies_in_the_working_directory_is_no_part_of_the_program(tmp_path: Path) -> None:
    said = tmp_path / "ran"
    for name in ("runferry", "json", "psutil", "uvicorn"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"open({str(said)!r}, 'w').close()")
    if sys.version_info < (3, 11):  # such processes get a working directory of ours
        return
    done = subprocess.run([*own_command(), "--version"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("runferry ")
    assert not said.exists()


def test_a_sync_starts_its_server_from_elsewhere(tmp_path: Path, clean_environment: Path) -> None:
    """With the installed script, as people call it: it does not look into the working directory, and neither does the
    local server that it starts."""
    said = tmp_path / "ran"
    (tmp_path / "runferry").mkdir()
    (tmp_path / "runferry" / "__init__.py").write_text(f"open({str(said)!r}, 'w').close()")
    script = Path(sys.executable).with_name("runferry")
    done = subprocess.run(
        [str(script), "doctor", "local"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert "W&B server" in done.stdout, done.stderr
    assert not said.exists()

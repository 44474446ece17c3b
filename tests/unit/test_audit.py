"""`make audit`: what nobody looked at is never called clean. pip-audit itself is played, as its database is not here;
what it says was recorded from 2.10, without a network and behind a mirror without a database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "audit"
CLEAN = {"name": "requests", "version": "2.34", "vulns": []}
HOLE = {"name": "urllib3", "version": "2.5", "vulns": [{"id": "CVE-1", "fix_versions": ["2.6"]}]}
SKIPPED = {"name": "anyio", "skip_reason": "Dependency not found on PyPI and could not be audited: anyio (4.16.0)"}
OURS = {"name": "runferry", "skip_reason": "distribution marked as editable"}


def audit(folder: Path, answer: str, code: int) -> subprocess.CompletedProcess[str]:
    program = folder / "pip-audit"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.stdout.write({answer!r})\nsys.exit({code})\n")
    program.chmod(0o755)
    return subprocess.run([sys.executable, str(SCRIPT), str(program), "python"], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("packages", "code", "expected", "said"),
    [
        ([CLEAN, OURS], 0, 0, "1 packages were looked up: none has a known hole"),
        ([CLEAN, HOLE], 1, 1, "urllib3 2.5: CVE-1, mended in 2.6"),
        ([SKIPPED], 0, 2, "Nobody looked at 1 of 1 packages (anyio)"),
        ([CLEAN, SKIPPED], 0, 2, "Nobody looked at 1 of 2"),
        ([HOLE, SKIPPED], 1, 1, "Nobody looked at 1 of 2"),
        ([OURS], 0, 2, ""),
    ],
)
def test_what_is_said(tmp_path: Path, packages: list[object], code: int, expected: int, said: str) -> None:
    done = audit(tmp_path, json.dumps({"dependencies": packages, "fixes": []}), code)
    assert done.returncode == expected
    assert said in done.stdout + done.stderr
    assert expected == 0 or "none has a known hole" not in done.stdout


@pytest.mark.parametrize("answer", ["", "Traceback", "[]", "{}"])
def test_a_database_that_does_not_answer_is_no_clean_bill(tmp_path: Path, answer: str) -> None:
    done = audit(tmp_path, answer, 1)
    assert done.returncode == 2
    assert "Nobody looked" in done.stderr

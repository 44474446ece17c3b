"""A test that is skipped where everything has to run fails there, whenever it says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.skips import VARIABLE, is_allowed

TESTS = Path(__file__).resolve().parent.parent
SKIPPING = """
import os
import pytest

@pytest.fixture(autouse=True)
def cleared(monkeypatch):
    monkeypatch.delenv("RUNFERRY_NO_SKIPS", raising=False)

def test_allowed(): pytest.skip("needs a GPU")
def test_in_the_middle(): pytest.skip("no time")
@pytest.mark.skipif(True, reason="lazy")
def test_by_mark(): ...
@pytest.mark.xfail(strict=True)
def test_expected_failure(): assert False
def test_good(): ...
"""


@pytest.mark.parametrize("strict", ["1", ""])
def test_skips_fail_only_where_everything_has_to_run(tmp_path: Path, strict: str) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING)
    (tmp_path / "conftest.py").write_text(
        "from support.skips import pytest_make_collect_report, pytest_runtest_makereport, pytest_terminal_summary\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        env={**os.environ, VARIABLE: strict, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    last = done.stdout.strip().splitlines()[-1]
    assert done.returncode == (1 if strict else 0), done.stdout
    if strict:
        assert "1 failed" in last
        assert "1 error" in last
        assert "1 skipped" in last
        assert "needs a GPU: " in done.stdout
    else:
        assert "3 skipped" in last


def test_only_reasons_on_the_list_count() -> None:
    assert is_allowed("Skipped: needs a GPU with 10 GB")
    assert not is_allowed("Skipped: no GPU today")

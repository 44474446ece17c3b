"""A command starts fast: what only some calls need is not loaded by all."""

from __future__ import annotations

import subprocess
import sys

LATE = ("keyring", "rich", "starlette", "graphql", "uvicorn", "watchdog")


def test_sync_loads_no_part_that_it_may_not_need() -> None:
    code = f"import sys, runferry.cli.sync; print(*(one for one in {LATE} if one in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == []

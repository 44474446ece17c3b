"""At the system's limits of notifications everything is still found, and the reason is told.

The limits are lowered in a user namespace of its own, so nothing of the machine is touched.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("limits_process.py")


def namespace_works() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-U", "-r", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not namespace_works(), reason="user namespaces are not permitted here")
@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [("max_inotify_watches", 3, "max_user_watches"), ("max_inotify_instances", 0, "limit")],
)
def test_at_the_limit(tmp_path: Path, setting: str, value: int, reason: str) -> None:
    for number in range(10):
        folder = tmp_path / f"p{number}" / "wandb" / f"offline-run-20260101_101010-r{number}"
        folder.mkdir(parents=True)
        (folder / f"run-r{number}.wandb").touch()
    lower = f'echo {value} > /proc/sys/user/{setting} && exec "$@"'
    done = subprocess.run(
        ["unshare", "-U", "-r", "bash", "-c", lower, "x", sys.executable, str(SCRIPT), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["found"]
    assert told["grew"]
    assert told["method"] == "polling"
    assert reason in told["reason"]
    assert "Traceback" not in done.stderr

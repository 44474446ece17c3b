"""The system gives no notifications at all (its limit is reached): rows arrive by looking, and the reason is told.

The limit is lowered in a user namespace of its own, so nothing of the machine is touched.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from faults.rig import Place, Program, until

ROWS = 120
NONE_LEFT = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"'


def namespace_works() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-U", "-r", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not namespace_works(), reason="user namespaces are not permitted here")
def test_rows_arrive_without_notifications(place: Place) -> None:
    words = ["unshare", "-U", "-r", "bash", "-c", NONE_LEFT, "x", sys.executable, "-m", "runferry"]
    words += ["watch", str(place.runs), "--server", "local"]
    with Program(words, place.folder, "watch", **place.environ, RUNFERRY_RESCAN_INTERVAL="0.5") as watch:
        watch.says("Watching")
        with place.train("polled", ROWS, 0.05) as training:
            until(lambda: len(place.rows("polled")) > 10, 30, "rows while it trains")
            assert training.process.poll() is None
            with place.runferry("status", "--json", name="status") as status:
                assert status.wait() == 0, status.err
            assert training.wait() == 0
        watch.says(f"{ROWS} rows verified")
        (folder,) = json.loads(status.out)["folders"]
        assert folder["method"] == "polling"
        assert "limit" in folder["reason"]
        assert place.values("polled") == list(range(ROWS))
        assert watch.end()[0] == 0

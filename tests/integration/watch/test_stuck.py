"""A part that is stuck is named, hinders no other, and does not hold up the end. (A mock: what hangs here is a fault
of ours that nobody knows yet; everything else is real.)"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.processes import environment, python, runferry, until

SCRIPT = Path(__file__).with_name("stuck_process.py")
TRAINING = "import runferry; r = runferry.init(id={id!r}, project='p', mode='online'); r.log({{'a': 1}}); r.finish()"


def status() -> dict[str, Any]:
    return runferry("status", "--json").object


def _answers() -> bool:
    told = Path(environment()["RUNFERRY_HOME"]) / "store" / "server.json"
    try:
        port = urlsplit(json.loads(told.read_text())["url"]).port
        socket.create_connection(("127.0.0.1", port or 0), 1).close()
    except OSError:
        return False
    return True


def own_faults() -> list[dict[str, Any]]:
    return [one for one in status().get("problems", []) if one["slug"] == "part-stuck"]


def test_a_stuck_part_is_named_and_left_behind_at_the_end(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with log.open("w") as out:
        watch = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(tmp_path)], env=environment(), stderr=out, stdout=out
        )
    try:
        until(lambda: "Watching" in log.read_text(), "watching")
        python(TRAINING.format(id="stuck"), cwd=tmp_path)
        until(lambda: any("run-stuck" in one["message"] for one in own_faults()), "it is named")
        assert "gets nowhere" in runferry("status").out
        python(TRAINING.format(id="other"), cwd=tmp_path)
        until(lambda: any((one["run_id"], one["state"]) == ("other", "verified") for one in status()["runs"]), "other")
        doctor = runferry("doctor", "local", "--json", "--read-only")
        (step,) = [one for one in doctor.object["steps"] if one["name"] == "running app"]
        assert step["mark"] == "bad"
        assert any("run-stuck" in one for one in step["lines"])
    finally:
        watch.send_signal(signal.SIGTERM)
        code = watch.wait(40)
    until(lambda: not _answers(), "the local server ended, too")
    text = log.read_text()
    assert code in (0, 1), text
    assert "Traceback" not in text
    home = Path(environment()["RUNFERRY_HOME"])
    written = "".join(one.read_text() for one in home.rglob("*.log"))
    assert "stand_still_at_this_line" in written  # where it stands, for whoever looks for the fault

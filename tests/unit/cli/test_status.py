"""What `status` says of pauses, by a running engine and from the state file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from runferry.cli.progress import LONGEST_NAME, result_line
from runferry.cli.status import _server_line, paused_words
from runferry.engine.engine import Engine
from runferry.engine.recorded import recorded_snapshot
from runferry.paths import Home
from runferry.settings import Settings

NOON = time.mktime((2026, 5, 4, 12, 0, 0, 0, 0, -1))


def test_until_when_and_why() -> None:
    assert paused_words(None, "", NOON) == "paused until `runferry resume`"
    assert paused_words(NOON + 1800, "", NOON) == "paused until 12:30"
    assert paused_words(NOON + 86400, "", NOON) == "paused until 2026-05-05 12:00"
    assert paused_words(None, "metered network", NOON) == "paused (metered network)"


def test_pauses_are_told_while_nobody_runs(tmp_path: Path) -> None:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    end = time.time() + 1000
    with Engine(home, Settings(), {}) as engine:
        engine.pause("https://a.example", end)
        engine.pause("https://b.example", time.time() - 1)
        assert not engine.snapshot().is_paused
    told = recorded_snapshot(home, Settings(), 1).as_dict()
    assert not told["is_paused"]
    assert [(one["url"], one["state"], one["paused_until"]) for one in told["servers"]] == [
        ("https://a.example", "paused", end)
    ]
    assert _server_line(told["servers"][0], NOON).startswith("https://a.example: paused until 20")
    with Engine(home, Settings(), {}) as engine:
        engine.pause("", end)
        assert (engine.snapshot().is_paused, engine.snapshot().paused_until) == (True, end)
    told = recorded_snapshot(home, Settings(), 1).as_dict()
    assert (told["is_paused"], told["paused_until"]) == (True, end)


def told(**rest: Any) -> dict[str, Any]:
    values = {"state": "sent", "rows": 1, "rows_acknowledged": 1, "files": 1, "url": "http://x/r", "server": "http://x"}
    return {"path": "/w/run-1", "run_id": "a1b2", "name": "resnet", "held": "", **values, **rest}


def test_a_line_has_the_id_that_commands_take_and_no_more_of_a_name_than_it_has_room_for() -> None:
    assert result_line(told()) == "↑ sent     resnet (a1b2)  1 of 1 row, 1 file  http://x/r"
    assert "  a1b2  " in result_line(told(name="a1b2")), "once is enough"
    assert "  a1b2  " in result_line(told(name=""))
    assert "resnet (a1b2)  it is old" in result_line(told(held="it is old"))
    shown = result_line(told(name="x" * 200))
    assert f"{'x' * (LONGEST_NAME - 1)}… (a1b2)" in shown
    assert "x" * LONGEST_NAME not in shown

"""Steps of a resumed run, against what the official client was seen to do."""

from __future__ import annotations

import json

import pytest

from runferry.remote.runs import RemoteRun
from runferry.sync.resumed_steps import Renumber, starting_step


@pytest.mark.parametrize(
    ("recorded", "start", "wanted"),
    [
        ([0, 1, 2, 3, 50, 60], 61, [61, 62, 63, 64, 65, 66]),
        ([0, 1, 2, 3, 200, 300], 61, [61, 62, 63, 64, 200, 300]),
        ([61, 62], 61, [61, 62]),
    ],
)
def test_steps_go_on_behind_the_server(recorded: list[int], start: int, wanted: list[int]) -> None:
    lines = [json.dumps({"_step": step, "loss": float("nan")}) for step in recorded]
    new = Renumber(start).rows(lines, list(recorded))
    assert [json.loads(line)["_step"] for line in new] == wanted
    assert all("NaN" in line for line in new)


def test_the_last_row_beats_the_summary() -> None:
    remote = RemoteRun("id", {"history": 9, "events": 0, "console": 0}, ['{"_step": 8}'], [], {"_step": 3})
    assert starting_step(remote) == 9
    assert starting_step(RemoteRun("id", {"history": 9, "events": 0, "console": 0}, [], [], {"_step": 3})) == 4
    assert starting_step(RemoteRun("id", {"history": 0, "events": 0, "console": 0})) == 0


def test_half_an_emoji_does_not_keep_a_row_from_being_sent() -> None:
    (line,) = Renumber(5).rows(['{"_step":0,"s":"\\ud83d x"}'], [0])
    assert json.loads(line.encode()) == {"_step": 5, "s": "\ud83d x"}

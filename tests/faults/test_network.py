"""Bad networks in the small: a gate between Runferry and its real server refuses, cuts off, hangs, goes and comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.gate import LOSE_ANSWER, PASS, RESET, Gate
from faults.rig import Place, Program, results
from support.raw_server import reply


@pytest.fixture
def gate(place: Place) -> Iterator[Gate]:
    """A gate in front of a `runferry serve`."""
    with place.runferry("serve") as server:
        server.says("WANDB_API_KEY=")
        with Gate(place.port) as made:
            yield made


def through(place: Place, gate: Gate, *arguments: object, **environ: str) -> Program:
    """A command whose server is the gate, with the server's key."""
    key = (place.store / "key").read_text().strip()
    return place.runferry(*arguments, "--server", gate.url, **{"WANDB_API_KEY": key, **environ})


def record(place: Place, *ids: str, rows: int = 50, **environ: str) -> None:
    """Finished runs."""
    for run_id in ids:
        with place.train(run_id, rows, **environ) as training:
            assert training.wait() == 0


class Spoil:
    """Spoils the file stream requests of these numbers, counted from 1."""

    def __init__(self, what: bytes, *numbers: int) -> None:
        self._what, self._numbers, self.seen = what, numbers, 0

    def __call__(self, request: bytes) -> bytes:
        if b"/file_stream" not in request.split(b"\r\n", 1)[0]:
            return PASS
        self.seen += 1
        return self._what if self.seen in self._numbers else PASS


@pytest.mark.parametrize(
    "what",
    [RESET, LOSE_ANSWER, reply(503), reply(429, b"{}", "Retry-After: 1")],
    ids=["reset", "answer-lost", "503", "429"],
)
def test_a_long_log_cut_off_in_the_middle(place: Place, gate: Gate, what: bytes) -> None:
    record(place, "long", rows=9000, PADDING="2000")  # 18 MB: five parts, each sent while the next one is read
    gate.policy = spoil = Spoil(what, 2, 4)
    with through(place, gate, "sync", place.runs, "--json") as sync:
        assert sync.wait(120) == 0, sync.err
    assert spoil.seen > 5
    assert place.values("long") == list(range(9000))
    (result,) = results(sync)
    assert (result["state"], result["rows"], result["rows_sent"]) == ("verified", 9000, 9000)

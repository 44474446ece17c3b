"""Two machines watch one folder (a network home): each row is on the server once, whoever is ahead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.rig import Place, until

ROWS = 400


@pytest.fixture
def second(tmp_path: Path, place: Place) -> Iterator[Place]:
    """Another home, for the same runs."""
    made = Place(tmp_path / "second")
    made.runs.rmdir()
    made.runs = place.runs
    yield made
    made.end_leftovers()


def test_rows_that_the_other_machine_sent_are_adopted(place: Place, second: Place) -> None:
    with place.runferry("watch", place.runs, "--server", "local") as first:
        until(place.server_pid, 30, "the server of the first")
        url = f"http://127.0.0.1:{place.port}"
        key = (place.store / "key").read_text().strip()
        # Measuring and keeping code changes is done by the training's own machine, which the second one here is not.
        environ = {"WANDB_API_KEY": key, "RUNFERRY_HOST_METRICS": "0", "RUNFERRY_CODE_STATE": "0"}
        with place.train("shared", ROWS, 0.02) as training:
            with second.runferry("watch", place.runs, "--server", url, **environ) as other:
                other.says("shared: live")
                seen = len(place.rows("shared"))
                until(lambda: len(place.rows("shared")) > seen + 20, 30, "rows of both")
                assert other.end()[0] == 0
            behind = len(place.rows("shared"))
            until(lambda: len(place.rows("shared")) > behind + 40, 30, "rows of the first alone")
            assert training.process.poll() is None
            again = second.runferry("watch", place.runs, "--server", url, name="again", **environ)
            with again:
                again.says("sent by somebody else")
                assert training.wait() == 0
                again.says(f"{ROWS} rows verified")
        first.says(f"{ROWS} rows verified")
        assert place.values("shared") == list(range(ROWS))

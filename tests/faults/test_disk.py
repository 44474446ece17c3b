"""A disk that is full for a while: said in words, no traceback, and nothing lost that could be kept."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import psutil
import pytest

from faults.rig import Place, Program, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are set as Linux does")
FILLING = Path(__file__).with_name("filling.py")


def test_a_recorder_whose_disk_is_full_for_a_while(place: Place) -> None:
    """The training goes on; it is told once; every row before and after is there, and those between in order."""
    words = [sys.executable, str(FILLING)]
    with Program(words, place.folder, "filling", WANDB_DIR=str(place.runs)) as training:
        assert training.wait(60) == 0, training.err
    assert "Traceback" not in training.err
    print(training.err[-600:])
    with place.runferry("sync", place.runs, "--server", "local", "--json") as sync:
        assert sync.wait(60) == 0, sync.err
    values = place.values("filled")
    kept = [one for one in values if 300 <= one < 600]
    print(f"{len(kept)} of 300 rows were kept while the disk was full")
    assert values == sorted(set(values))
    assert values[:300] == list(range(300))
    assert values[300 + len(kept) :] == list(range(600, 900))
    assert len(kept) < 300


def test_a_state_folder_whose_disk_is_full_for_a_while(place: Place) -> None:
    """`watch` says so, goes on trying, and delivers everything once there is space."""
    with place.train("live", 1200, 0.01) as training, place.runferry("watch", place.runs, "--server", "local") as watch:
        until(lambda: len(place.values("live")) > 20)
        process = psutil.Process(watch.process.pid)
        limits = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        until(lambda: "! " in watch.err, 20, watch.err)
        process.rlimit(resource.RLIMIT_FSIZE, limits)
        assert training.wait() == 0
        watch.says("1,200 rows verified", 60)
        assert "Traceback" not in watch.err, watch.err
        print([line for line in watch.err.splitlines() if line.startswith("!")])
        assert watch.end()[0] == 0
    assert place.values("live") == list(range(1200))


def test_no_space_for_the_state_at_all(place: Place) -> None:
    with place.train("one", 20) as training:
        assert training.wait() == 0
    starter = "import resource,sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
    starter += "from runferry.__main__ import main; sys.exit(main())"
    words = [sys.executable, "-c", starter, "sync", str(place.runs), "--server", "http://127.0.0.1:9"]
    # The program's own output goes through pipes, which the limit does not concern.
    done = psutil.subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=60,
        env={**psutil.os.environ, **place.environ, "WANDB_API_KEY": "k" * 40},
    )
    print(done.stderr)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "What to do:" in done.stderr

"""Our run folders and the real wandb client: `wandb sync` uploads them to a server that keeps what it gets.

The whole way to the local server is tested where that server is; here the server is the least that the client needs.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import recorder_process
from recorder_capture import Captured, capture_server
from recorder_log import only_folder, only_log

TRAIN = Path(__file__).with_name("train_all.py")

pytestmark = pytest.mark.peer


def _sync(peer: Path, folder: Path, captured: Captured) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WANDB_BASE_URL": captured.url, "WANDB_API_KEY": "x" * 40}
    command = [str(peer.with_name("wandb")), "sync", str(folder)]
    # The client writes a log folder into its working directory.
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_official_sync_uploads_everything(peer: Path, tmp_path: Path) -> None:
    trained = subprocess.run(
        [sys.executable, str(TRAIN), str(tmp_path)],
        env=recorder_process.environment(),
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert trained.returncode == 3
    log, folder = only_log(tmp_path), only_folder(tmp_path)
    with capture_server() as captured:
        done = _sync(peer, folder, captured)
    assert "Finished syncing" in done.stdout + done.stderr
    assert list(folder.glob("*.synced"))
    expected = log.rows
    expected[6]["huge"] = float(2**70)
    assert repr([_in_order(row) for row in captured.rows()]) == repr(
        [_in_order(row) for row in map(_as_core, expected)]
    )
    assert _in_order(captured.summary).keys() == _in_order(log.summary).keys()
    assert captured.summary["loss"] == {
        "min": 0.4,
        "max": 2,
        "mean": pytest.approx(0.91333333),
        "last": 0.4,
        "first": 2,
    }
    assert (captured.summary["best"], captured.summary["n"]) == (9, {"x": 4, "y": {"z": 2}})
    assert "hidden" not in captured.summary
    config = {key: one["value"] for key, one in captured.config.items() if key != "_wandb"}
    assert config == {
        "lr": 0.2, "layers": {"n": 3}, "ü": "naïve ☃ 𝄞", "nothing": None, "odd": math.inf, "new": {"k": 1},
    }  # fmt: skip
    console = [line.partition(" ")[2] for line in captured.lines["output.log"].values()]
    assert any("hello stdout" in line for line in console)
    assert any("hello stderr" in line for line in console)
    assert (captured.exit_code, captured.complete) == (3, True)
    assert captured.files["notes.txt"] == b"saved"
    (code,) = [content for name, content in captured.files.items() if name.startswith("code/")]
    assert code == TRAIN.read_bytes()
    assert {"requirements.txt", "wandb-metadata.json", "config.yaml", "output.log"} <= captured.files.keys()
    _check_identity(captured)


def _check_identity(captured: Captured) -> None:
    first = captured.variables("UpsertBucket")[0]
    assert (first["name"], first["project"], first["entity"], first["displayName"]) == (
        "all-of-it.1", "digits", "me", "all of it",
    )  # fmt: skip
    assert (first["groupName"], first["jobType"], first["notes"]) == ("g", "train", "first line\nsecond")
    last = captured.variables("UpsertBucket")[-1]
    assert last["tags"] in (["a", "c"], None)
    assert any(one.get("tags") == ["a", "c"] for one in captured.variables("UpsertBucket"))
    (alert,) = captured.variables("NotifyScriptableRunAlert")
    assert (alert["title"], alert["text"], alert["severity"], alert["waitDuration"]) == (
        "Look",
        "at this",
        "WARN",
        5000,
    )


def _as_core(row: dict[str, object]) -> dict[str, object]:
    """wandb-core writes whole doubles without a fraction."""
    return json.loads(json.dumps(row), parse_float=lambda text: _whole(float(text)))


def _whole(number: float) -> float | int:
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _in_order(value: object) -> object:
    if isinstance(value, dict):
        return {key: _in_order(one) for key, one in sorted(value.items())}
    return value


@pytest.mark.parametrize("kind", ["killed", "huge", "metrics-only"])
def test_unusual_runs_are_accepted(peer: Path, tmp_path: Path, kind: str) -> None:
    code = {
        "killed": "run.log({'x': 1})\nos._exit(1)",
        "huge": "run.log({'text': 'y' * 5_000_000})\nrun.log({'x': 1})",
        "metrics-only": "print('x')\nrun.log({'x': 1})",
    }[kind]
    more = {"RUNFERRY_METRICS_ONLY": "1"} if kind == "metrics-only" else {}
    recorder_process.run(tmp_path, "import os, runferry\nrun = runferry.init(project='p')\n" + code, **more)
    with capture_server() as captured:
        done = _sync(peer, only_folder(tmp_path), captured)
    assert "Finished syncing" in done.stdout + done.stderr
    assert captured.rows()[-1]["x"] == 1
    assert captured.exit_code == (1 if kind == "killed" else 0)
    assert len(captured.rows()) == (2 if kind == "huge" else 1)


def test_numbers_of_numpy_are_taken(peer: Path, tmp_path: Path) -> None:
    code = """
import numpy as np, runferry
run = runferry.init(config={'big': np.arange(100), 'scalar': np.float32(0.5)})
run.log({'f32': np.float32(0.1), 'f64': np.float64(0.1), 'i8': np.int8(-3), 'b': np.bool_(True),
         'nan': np.float32('nan'),
         'zero_d': np.array(3.5), 'one': np.array([7]), 'few': np.arange(8), 'many': np.arange(100),
         'text': np.str_('x'),
         'nested': {'n': np.int64(5)}, 'list': [np.float64(1), np.int32(2)], 'complex': np.complex64(1+2j),
         'objects': np.array([None, 'a'], dtype=object), 'half': np.float16(0.5), 'odd': np.array([np.nan] * 40),
         'time': np.datetime64('2020-01-02'), 'mixed': np.array([np.inf] + [1.0] * 40)})
"""
    done = recorder_process.run(tmp_path, code, python=str(peer))
    assert done.returncode == 0, done.stderr
    log = only_log(tmp_path)
    (row,) = log.metrics()
    assert math.isnan(row.pop("nan"))
    assert (row["f32"], row["f64"], row["i8"], row["b"]) == (pytest.approx(0.1, abs=1e-7), 0.1, -3, True)
    assert (row["zero_d"], row["one"], row["few"], row["text"]) == (3.5, 7, list(range(8)), "x")
    assert (row["nested"], row["list"], row["half"], row["objects"]) == ({"n": 5}, [1.0, 2], 0.5, [None, "a"])
    assert row["many"]["_type"] == "histogram"
    # What wandb 0.31 records for the same array.
    assert row["many"]["values"] == [int(one) for one in "43333333334333333333343333333334"]
    assert row["many"]["bins"][:2] == [0.0, 3.09375]
    assert sum(row["odd"]["values"]) == 0
    assert sum(row["mixed"]["values"]) == 40
    assert row["time"] == "2020-01-02"
    assert log.config["big"] == list(range(100))
    assert log.config["scalar"] == 0.5

"""What was measured for a run is drawn after its end, too: from what is kept, beside its log or in the app's state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import runferry
from runferry.engine import kept_curves
from runferry.engine.host_metrics import HostMetrics
from runferry.formats.detect import RunFolder, identify
from runferry.settings import Settings
from runferry.state.samples import SampleStore


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    runferry.init(dir=str(tmp_path), project="demo", settings={"console": "off", "silent": True}).finish()
    found = identify(next((tmp_path / "wandb").glob("offline-run-*")))
    assert isinstance(found, RunFolder)
    return found


def test_measurements_outlive_the_training(folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = HostMetrics(tmp_path / "samples", Settings(), list, lambda path: None, lambda path: None)
    assert metrics.history(str(folder.path)) == {}
    rows = [json.dumps({"_timestamp": 1000 + number, "system.cpu": number, "_wandb": True}) for number in range(3)]
    store = SampleStore(tmp_path / "samples")
    store.append(store.path(metrics._residents.identity(folder)), rows)
    beside = folder.path / "runferry-samples-node-1.jsonl"
    beside.write_text('{"_timestamp": 1003, "system.cpu": 9, "system.disk": "?"}\nno measurement\n{"_timesta')
    assert metrics.history(str(folder.path)) == {}  # it was read a moment ago
    monkeypatch.setattr(kept_curves, "AGAIN", 0.0)
    assert metrics.history(str(folder.path)) == {"cpu": ([1000.0, 1001.0, 1002.0, 1003.0], [0.0, 1.0, 2.0, 9.0])}
    assert metrics.history(str(tmp_path)) == {}

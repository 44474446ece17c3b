"""A log is never seen without ``runferry.json``: who finds it in that moment would take it for the official client's,
and would not know what the person disabled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import runferry
from runferry.recorder.log_writer import LogWriter


def test_the_marker_is_there_before_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = LogWriter.open

    def looked(self: LogWriter) -> None:
        (marker,) = tmp_path.glob("wandb/offline-run-*/runferry.json")
        assert not list(marker.parent.glob("*.wandb"))
        seen.append(json.loads(marker.read_text()))
        real(self)

    monkeypatch.setattr(LogWriter, "open", looked)
    runferry.init(project="p", dir=str(tmp_path), settings={"silent": True, "metrics_only": True}).finish()
    (marker,) = seen
    assert marker["metrics_only"] is True
    assert marker["script"] is None

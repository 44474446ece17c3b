"""What the app writes into a run folder goes into that folder, whatever stands there already."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runferry.sync.keeping import _mark_synced


@pytest.mark.parametrize("kind", ["dangling link", "link", "pipe", "folder"])
def test_the_mark_of_a_synced_run_is_written_through_nothing(tmp_path: Path, kind: str) -> None:
    log, elsewhere = tmp_path / "run" / "run-r1.wandb", tmp_path / "elsewhere"
    mark = tmp_path / "run" / "run-r1.wandb.synced"
    mark.parent.mkdir()
    if kind == "link":
        elsewhere.write_text("theirs")
        os.utime(elsewhere, (1, 1))
    if kind == "pipe":
        os.mkfifo(mark)
    elif kind == "folder":
        mark.mkdir()
    else:
        mark.symlink_to(elsewhere)
    _mark_synced(log)
    assert elsewhere.exists() == (kind == "link")
    assert kind != "link" or (elsewhere.read_text(), elsewhere.stat().st_mtime) == ("theirs", 1)


def test_the_mark_is_made_and_made_again(tmp_path: Path) -> None:
    for _ in range(2):
        _mark_synced(tmp_path / "run-r1.wandb")
        assert (tmp_path / "run-r1.wandb.synced").read_bytes() == b""

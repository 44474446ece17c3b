"""A log whose sent part is damaged or cut before it goes on: every row still arrives once, at its place."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from support import stores
from support.folders import load, logs, put
from support.processes import Server, runferry

PROJECT = "fixtures"
HALF = 6 * 32768


@pytest.fixture
def run() -> tuple[dict[str, Any], bytes]:
    """What is known of a run, and its log."""
    return load("runs-truth.json.xz")["0.31.0-base-0"], logs("runs.tar.xz")["0.31.0-base-0"]


def rows(server: Server, truth: dict[str, Any]) -> list[int]:
    return [row["_step"] for row in stores.read(server.data, truth["run"]["run_id"], PROJECT).rows]


def sync(server: Server, work: Path, **more: str) -> dict[str, Any]:
    done = runferry("sync", work, "--json", **server.environ, **more)
    return done.object


def write(path: Path, content: bytes) -> None:
    """As somebody who did so ten minutes ago."""
    path.write_bytes(content)
    before = time.time() - 600
    os.utime(path, (before, before))


def whole(server: Server, work: Path, truth: dict[str, Any], log: bytes) -> list[int]:
    """The steps of the run as they arrive undisturbed."""
    folder = put(work / "whole", truth, log)
    assert runferry("sync", folder, "--id", "whole", **server.environ).code in (0, 1)
    return [row["_step"] for row in stores.read(server.data, "whole", PROJECT).rows]


@pytest.mark.parametrize("damage", ["flipped", "zeroed", "unreadable up to the end"])
def test_damage_in_the_sent_half_moves_no_later_row(
    server: Server, work: Path, run: tuple[dict[str, Any], bytes], damage: str
) -> None:
    truth, log = run
    folder = put(work / "runs", truth, log[:HALF])
    path = next(folder.glob("*.wandb"))
    first = sync(server, folder)
    assert first["damage"] is None
    before = rows(server, truth)
    assert 50 < len(before) < 300
    start, end = {"flipped": (170_000, 171_500), "zeroed": (131_072, 163_840)}.get(damage, (188_000, HALF))
    noise = bytes(end - start) if damage == "zeroed" else bytes(byte ^ 0x5A for byte in log[start:end])
    write(path, log[:start] + noise + log[end:])
    second = sync(server, folder)
    assert second["damage"] is not None
    assert second["rows"] < 300
    found = rows(server, truth)
    missing = set(whole(server, work, truth, log)) - set(found)
    assert len(missing) <= (1 if end == HALF else 0)  # the row that was not complete yet when it was damaged
    assert found == sorted(set(found))
    assert found[: len(before)] == before
    again = sync(server, folder)
    assert again["rows_sent"] == 0


def test_a_log_that_was_cut_goes_on_behind_what_was_sent(
    server: Server, work: Path, run: tuple[dict[str, Any], bytes]
) -> None:
    truth, log = run
    folder = put(work / "runs", truth, log[:HALF])
    path = next(folder.glob("*.wandb"))
    sync(server, folder)
    before = rows(server, truth)
    write(path, log[: 2 * 32768])
    sync(server, folder)
    assert rows(server, truth) == before
    write(path, log[: 2 * 32768] + log[HALF:])
    last = sync(server, folder)
    assert last["state"] in ("verified", "sent")
    found = rows(server, truth)
    missing = set(whole(server, work, truth, log)) - set(found)
    assert len(missing) <= 1  # the row that the cut went through
    assert found == sorted(set(found))
    assert found[: len(before)] == before
    assert sync(server, folder)["rows_sent"] == 0


def test_a_log_that_is_being_copied_again_is_not_cut(
    server: Server, work: Path, run: tuple[dict[str, Any], bytes]
) -> None:
    truth, log = run
    folder = put(work / "runs", truth, log[:HALF])
    path = next(folder.glob("*.wandb"))
    sync(server, folder)
    path.write_bytes(log[: 2 * 32768])  # a moment ago
    sync(server, folder)
    write(path, log)
    assert sync(server, folder)["damage"] is None
    assert rows(server, truth) == whole(server, work, truth, log)

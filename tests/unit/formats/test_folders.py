"""What a path is, what is in a run, whether it still goes on, and the config that servers get."""

from __future__ import annotations

import gzip
import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from runferry.errors import AppError
from runferry.formats.damage import damage_report
from runferry.formats.detect import NotARun, RunFolder, RunKind, identify
from runferry.formats.inspect import inspect
from runferry.formats.interrupted import INTERRUPTED, MOST, Interrupted
from runferry.formats.liveness import Life, run_state
from runferry.formats.log_reader import read_all
from runferry.formats.metadata import metadata_json
from runferry.formats.run_config import config_value, program
from runferry.formats.summary import final_summary_json, is_behind
from runferry.holders import Holder, Holding
from runferry.status import RunState


def make(tmp_path: Path, log: Path, name: str = "offline-run-20261123_011411-my-id", run_id: str = "my-id") -> Path:
    folder = tmp_path / name
    (folder / "files").mkdir(parents=True)
    shutil.copy(log, folder / f"run-{run_id}.wandb")
    return folder


def test_run_folders(tmp_path: Path, logs: Path) -> None:
    log = logs / "0.31.0-base-0.wandb"
    folder = make(tmp_path, log)
    (tmp_path / "latest-run").symlink_to(folder.name)
    for path in (folder, folder / "run-my-id.wandb", tmp_path / "latest-run"):
        found = identify(path)
        assert isinstance(found, RunFolder)
        assert (found.path, found.run_id, found.kind) == (folder, "my-id", RunKind.OFFLINE)
        assert found.started is not None
        assert found.files_dir == folder / "files"
        assert (found.marker, found.synced_marker) == (None, False)
    (folder / "run-my-id.wandb.synced").touch()
    (folder / "runferry.json").write_text('{"pid": 1}')
    found = identify(folder)
    assert isinstance(found, RunFolder)
    assert (found.kind, found.marker, found.synced_marker) == (RunKind.RECORDER, {"pid": 1}, True)
    online = identify(make(tmp_path, log, "run-20261123_011411-x"))
    assert isinstance(online, RunFolder)
    assert online.kind is RunKind.ONLINE
    legacy = tmp_path / "dryrun-20261123_013253-fythpynb"
    legacy.mkdir()
    (legacy / "wandb-history.jsonl").touch()
    found = identify(legacy)
    assert isinstance(found, RunFolder)
    assert (found.kind, found.log, found.run_id) == (
        RunKind.LEGACY,
        legacy / "wandb-history.jsonl",
        "fythpynb",
    )


def test_other_things_are_named(tmp_path: Path) -> None:
    contents = {
        "gzip": gzip.compress(b"x"),
        "git-lfs": b"version https://git-lfs.github.com/spec/v1\n",
        "html": b"\n<!DOCTYPE html><html>",
    }
    for slug, content in contents.items():
        path = tmp_path / f"{slug}.wandb"
        path.write_bytes(content)
        found = identify(path)
        assert isinstance(found, NotARun)
        assert found.slug == slug
        with pytest.raises(AppError) as caught:
            inspect(path)
        assert caught.value.slug == f"not-a-run-{slug}"
    for path, slug in ((tmp_path / "no", "missing"), (tmp_path, "gzip"), (tmp_path / "text.txt", "other")):
        (tmp_path / "text.txt").write_text("hello")
        found = identify(path)
        assert isinstance(found, NotARun)
        if path != tmp_path:
            assert found.slug == slug


def test_inspection_is_strict_json(tmp_path: Path, logs: Path) -> None:
    folder = make(tmp_path, logs / "0.31.0-base-0.wandb")
    (folder / "files" / "output.log").touch()
    found = json.loads(json.dumps(inspect(folder).as_dict(), allow_nan=False))
    assert (found["run_id"], found["rows"], found["console_lines"], found["exit_code"]) == ("cuv8tdbs", 300, 17, 0)
    assert found["summary"]["train/loss"] == {"min": "NaN"}
    assert "nested.b.c" in found["keys"]
    assert {"output.log", "model-notes.txt"} <= set(found["files"])
    assert (found["writer"], found["damage"], found["config"]["lr"]) == ("wandb 0.31.0", None, 0.0003)


def test_damage_is_reported_and_a_torn_tail_is_none(damaged: Path) -> None:
    flipped = damage_report(read_all(damaged / "0.31.0-flip_payload.wandb")[0])
    assert flipped is not None
    assert (flipped.gaps, flipped.bytes) == (1, 315)
    assert "step 342" in flipped.details[0]
    zeroed = damage_report(read_all(damaged / "0.31.0-zero_block_middle.wandb")[0])
    assert zeroed is not None
    assert zeroed.rows is not None
    assert 40 <= zeroed.rows <= 50  # 46 are missing
    for name in ("trunc_mid_payload", "trunc_block_boundary", "no_exit", "wrong_magic", "header_only", "empty"):
        assert damage_report(read_all(damaged / f"0.31.0-{name}.wandb")[0]) is None, name


def test_config_and_metadata_equal_what_wandb_sync_sends(logs: Path, sent: dict[str, Any]) -> None:
    for version, record in sent.items():
        content = read_all(logs / f"{version}-base-0.wandb")[0]
        ours = config_value(content, "0")
        theirs = json.loads(record["upserts"][-1]["config"])
        internal, expected = ours.pop("_wandb")["value"], theirs.pop("_wandb")["value"]
        assert ours.pop("empty_dict") == {"value": {}}  # which the official sync loses
        assert ours == theirs, version
        assert list(internal.get("e", {}).values()) == list(expected.get("e", {}).values()), version
        assert (internal["cli_version"], internal["python_version"]) == (
            expected["cli_version"],
            expected["python_version"],
        )
        for key in ("4", "5"):
            assert internal["t"][key] == expected["t"][key]
        assert set(expected["t"]["3"]) - {76} <= set(internal["t"]["3"])  # 76: "sent by wandb sync"
        steps = {one["2"]: internal["m"][one["5"] - 1]["1"] for one in internal["m"] if "2" in one}
        assert steps == {"val/*": "epoch"}
        metadata = metadata_json(content)
        assert (metadata is None) == ("e" not in internal)
        if version == "0.31.0":
            assert program(content).endswith("train.py")


def test_the_summary_of_killed_runs_reaches_the_last_row(logs: Path) -> None:
    for version in ("0.10.33", "0.13.11", "0.16.6"):
        path = logs / f"{version}-kill-0.wandb"
        content = read_all(path)[0]
        assert is_behind(content)
        found = json.loads(final_summary_json(path, content))
        assert found["_step"] == content.last_step
        assert found["train/loss"].keys() == {"min"}
        assert math.isfinite(found["train/loss"]["min"])  # the Python clients left NaN out
        assert found["train/acc"]["mean"] < found["train/acc"]["max"]
    for version in ("0.18.7", "0.31.0"):
        assert not is_behind(read_all(logs / f"{version}-base-0.wandb")[0])


class FakeMachine:
    """A machine with answers of its own: the logs were made on another one."""

    def __init__(self, held: bool = False, unseen: str = "", **identity: Any) -> None:
        self.here = {"host": "fixturebox", "machine_id": "m", "boot_id": "b", "pid_namespace": "p", "booted": 1000.0}
        self.here.update(identity)
        me = Holder(os.getpid(), 1, os.getppid(), 3, os.getuid(), False)
        self.answer = Holding((me,) if held else (), unseen)

    def identity(self) -> dict[str, Any]:
        return self.here

    def holding(self, log: Path, since: float | None = None) -> Holding:
        return self.answer


MARKER = {"pid": 7, "host": "fixturebox", "machine_id": "m", "boot_id": "b", "pid_namespace": "p", "started_at": 500.0}


def test_how_a_run_ended(tmp_path: Path, logs: Path) -> None:
    life = Life(now=5000.0, changed=1000.0)
    for name, state in (("base", RunState.FINISHED), ("exit1", RunState.FAILED)):
        found = identify(logs / f"0.31.0-{name}-0.wandb")
        assert isinstance(found, RunFolder)
        assert found.log is not None
        assert run_state(found, read_all(found.log)[0], life, FakeMachine()) is state


@pytest.mark.parametrize(
    ("machine", "state"),
    [
        (FakeMachine(held=True), RunState.QUIET),
        (FakeMachine(held=True, host="elsewhere"), RunState.QUIET),  # what holds it is seen, whatever the folder says
        (FakeMachine(), RunState.CRASHED),
        (FakeMachine(unseen="another account's"), RunState.UNKNOWN),
        (FakeMachine(host="elsewhere"), RunState.UNKNOWN),
        (FakeMachine(machine_id="other"), RunState.UNKNOWN),
        (FakeMachine(machine_id=None), RunState.UNKNOWN),  # a missing field is not an equal one
        (FakeMachine(pid_namespace="other"), RunState.UNKNOWN),
        (FakeMachine(pid_namespace=None), RunState.UNKNOWN),
        (FakeMachine(boot_id="later"), RunState.CRASHED),
        (FakeMachine(boot_id="later", unseen="another account's"), RunState.CRASHED),
        (FakeMachine(boot_id="later", machine_id=None), RunState.UNKNOWN),
        (FakeMachine(boot_id="later", booted=400.0), RunState.UNKNOWN),  # booted before the run: a clone
    ],
)
def test_recorder_runs_without_an_end(tmp_path: Path, logs: Path, machine: FakeMachine, state: RunState) -> None:
    folder = make(tmp_path, logs / "0.31.0-kill-0.wandb")
    (folder / "runferry.json").write_text(json.dumps(MARKER))
    found = identify(folder)
    assert isinstance(found, RunFolder)
    content = read_all(folder / "run-my-id.wandb")[0]
    assert run_state(found, content, Life(now=5000.0, changed=1000.0), machine) is state
    if state is not RunState.CRASHED:  # as long as it grows, somebody writes it
        assert run_state(found, content, Life(now=1100.0, changed=1000.0), machine) is RunState.RUNNING


def test_official_runs_without_an_end(tmp_path: Path, logs: Path) -> None:
    found = identify(make(tmp_path, logs / "0.31.0-kill-0.wandb"))
    assert isinstance(found, RunFolder)
    assert found.log is not None
    content, old = read_all(found.log)[0], Life(now=5000.0, changed=1000.0)
    assert run_state(found, content, old, FakeMachine(held=True)) is RunState.QUIET
    assert run_state(found, content, old, FakeMachine()) is RunState.CRASHED
    assert run_state(found, content, Life(now=1010.0, changed=1000.0), FakeMachine()) is RunState.RUNNING
    assert run_state(found, content, old, FakeMachine(host="elsewhere")) is RunState.UNKNOWN
    assert run_state(found, content, old, FakeMachine(unseen="another account's")) is RunState.UNKNOWN


def test_a_run_of_the_official_client_that_this_app_stopped_did_not_fail(tmp_path: Path, logs: Path) -> None:
    life = Life(now=5000.0, changed=1000.0)
    for name, before in (("exit1", RunState.FAILED), ("kill", RunState.CRASHED), ("base", RunState.FINISHED)):
        (tmp_path / name).mkdir()
        found = identify(make(tmp_path / name, logs / f"0.31.0-{name}-0.wandb"))
        assert isinstance(found, RunFolder)
        content = read_all(found.log)[0]
        assert run_state(found, content, life, FakeMachine()) is before
        INTERRUPTED.note([found.log])
        after = before if before is RunState.FINISHED else RunState.KILLED
        assert run_state(found, content, life, FakeMachine()) is after
        INTERRUPTED.forget([found.log])
        assert run_state(found, content, life, FakeMachine()) is before


def test_what_was_stopped_is_known_to_the_next_process(tmp_path: Path) -> None:
    first, file = Interrupted(), tmp_path / "interrupted.json"
    first.note([Path("/early.wandb")])
    first.keep_in(file)
    first.note(Path(f"/{number}.wandb") for number in range(MOST))
    first.forget([Path("/0.wandb")])
    second = Interrupted()
    second.keep_in(file)
    assert Path("/early.wandb") not in second, "only the newest are remembered"
    assert Path("/0.wandb") not in second
    assert Path("/1.wandb") in second
    file.write_text("[1, {")
    third = Interrupted()
    third.keep_in(file)
    assert Path("/1.wandb") not in third


def test_what_cannot_be_kept_is_known_as_long_as_the_process_lives(tmp_path: Path) -> None:
    one = Interrupted()
    one.keep_in(tmp_path / "missing" / "interrupted.json")
    one.note([Path("/a.wandb")])
    assert Path("/a.wandb") in one

"""The uncommitted changes of a run's repository: taken from outside, kept, sent where they may go, and restored."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runferry.engine.code_state.capture import capture
from runferry.engine.code_state.git import Git, GitFailed, Limits
from runferry.engine.code_state.keeper import CodeState
from runferry.formats.detect import RunFolder, identify
from runferry.settings import Settings
from support.processes import RUNFERRY, Server, python, runferry, started, until

TRAINING = """
import time, runferry
with runferry.init(project="demo", id="coded"{options}) as run:
    for step in range(10):
        run.log({{"x": step}})
        time.sleep(0.02)
"""


def git(place: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=me", "-c", "user.email=me@example.invalid", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", "-C", place, *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit that was pushed, one that was not, and changes that are not committed."""
    place = tmp_path / "repository"
    place.mkdir()
    git(place, "init", "--quiet")
    (place / ".gitignore").write_text("wandb/\ntrain.py\n")
    (place / "model.py").write_text("layers = 1\n")
    git(place, "add", ".")
    git(place, "commit", "--quiet", "-m", "first")
    git(place, "clone", "--quiet", "--bare", ".", str(tmp_path / "remote.git"))
    git(place, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(place, "fetch", "--quiet", "origin")
    git(place, "branch", "--quiet", "--set-upstream-to=origin/main")
    (place / "model.py").write_text("layers = 2\n")
    git(place, "commit", "--quiet", "-am", "second")
    (place / "model.py").write_text("layers = 3\n")
    (place / "image.bin").write_bytes(bytes(range(256)))
    git(place, "add", "image.bin")
    return place


def take(place: Path, limit: int = 1 << 20, seconds: float = 30.0) -> Any:
    return capture([place], 0.0, limit, seconds)


def test_changes_against_the_commit_and_against_upstream(repository: Path) -> None:
    found = take(repository)
    base, head = git(repository, "rev-parse", "HEAD~1"), git(repository, "rev-parse", "HEAD")
    assert found.commit == head
    assert set(found.files) == {"diff.patch", f"upstream_diff_{base}.patch"}
    assert b"-layers = 2\n+layers = 3" in found.files["diff.patch"]
    assert b"-layers = 1\n+layers = 3" in found.files[f"upstream_diff_{base}.patch"]
    assert found.is_late
    assert not found.reason


def test_limits_and_what_is_no_repository_have_reasons(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "larger than" in take(repository, limit=20).reason
    assert "no git repository" in take(tmp_path).reason
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    found = take(repository)
    assert "another account" in found.reason
    assert not found.files
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in take(repository).reason


def test_a_git_that_hangs_is_given_up(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "bin" / "git"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{hanging.parent}{os.pathsep}{os.environ['PATH']}")
    assert "longer than" in take(repository, seconds=0.2).reason
    with pytest.raises(GitFailed, match="the app is ending"):
        Git(repository, {}, Limits(is_ending=lambda: True)).ask("status")


def run_watched(repository: Path, server: Server, options: str = "", wants: str = "", **environ: str) -> Any:
    """A training in the repository while it is watched; gives the status when it is verified."""

    def verified() -> Any:
        told = runferry("status", "--json").object["runs"]
        return next((one for one in told if one["run_id"] == "coded" and one["state"] == "verified"), None)

    command = (*RUNFERRY, "watch", "--server", server.url, str(repository))
    log = repository.parent / "watch.out"
    with started(*command, cwd=repository, log=log, **{**server.environ, **environ}):
        until(lambda: "Watching" in log.read_text(), "it watches")
        python(TRAINING.format(options=options), repository, **({"WANDB_SAVE_CODE": wants} if wants else {}))
        return until(verified, "the run is verified")


def on_server(server: Server) -> dict[str, bytes]:
    (run,) = server.data.glob("runs/local/demo/coded")
    return {one.name: one.read_bytes() for one in (run / "files").glob("*") if one.suffix in (".patch", ".json")}


def kept() -> list[str]:
    return sorted(one.name for one in (Path(os.environ["RUNFERRY_HOME"]) / "state" / "code").glob("*/*"))


def test_a_run_is_restored_from_this_computer_and_from_the_server(repository: Path, server: Server) -> None:
    run_watched(repository, server)
    sent, base = on_server(server), git(repository, "rev-parse", "HEAD~1")
    assert b"+layers = 3" in sent["diff.patch"]
    assert f"upstream_diff_{base}.patch" in sent
    assert json.loads(sent["runferry-code.json"])["is_late"] is False
    refused = runferry("restore", "coded", cwd=repository)
    assert refused.code == 1
    assert "not committed" in refused.err
    assert "has changed files: image.bin, model.py." in refused.err
    git(repository, "stash", "--quiet")
    done = runferry("restore", "coded", cwd=repository)
    assert done.code == 0, done.err
    assert git(repository, "branch", "--show-current") == "runferry/coded"
    assert (repository / "model.py").read_text() == "layers = 3\n"
    assert (repository / "image.bin").read_bytes() == bytes(range(256))
    clone = repository.parent / "clone"  # somebody else's, who never saw the second commit
    git(repository.parent, "clone", "--quiet", str(repository.parent / "remote.git"), str(clone))
    there = runferry(
        "restore", "local/demo/coded", "--branch", "again", "--server", server.url, cwd=clone, **server.environ
    )
    assert there.code == 0, there.err
    assert (clone / "model.py").read_text() == "layers = 3\n"
    assert git(clone, "rev-parse", "HEAD") == base
    twice = runferry("restore", "local/demo/coded", "--branch", "main", "--server", server.url, cwd=clone)
    assert twice.code != 0


@pytest.mark.parametrize(
    ("options", "wants", "is_kept", "is_sent"),
    [
        (', settings={"disable_git": True}', "", False, False),
        (', settings={"disable_code": True}', "", False, False),
        (', settings={"ignore_globs": "*.patch"}', "", True, False),
        ("", "false", True, False),
    ],
    ids=["disable_git", "disable_code", "ignore_globs", "save_code"],
)
def test_the_wishes_of_the_trainings_shell(
    repository: Path, server: Server, options: str, wants: str, is_kept: bool, is_sent: bool
) -> None:
    run_watched(repository, server, options, wants)
    assert ("diff.patch" in kept()) is is_kept
    assert ("diff.patch" in on_server(server)) is is_sent


def test_changes_that_do_not_fit_leave_everything_as_it_was(repository: Path, server: Server) -> None:
    run_watched(repository, server)
    (patch,) = (Path(os.environ["RUNFERRY_HOME"]) / "state" / "code").glob("*/diff.patch")
    patch.write_bytes(patch.read_bytes().replace(b"-layers = 2", b"-layers = 9"))
    git(repository, "stash", "--quiet")
    done = runferry("restore", "coded", cwd=repository)
    assert done.code == 1
    assert "cannot be applied" in done.err
    assert git(repository, "branch", "--list").split() == ["*", "main"]
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize("is_alive", [True, False], ids=["goes on", "was killed"])
def test_of_old_runs_only_one_that_goes_on_is_taken(repository: Path, is_alive: bool) -> None:
    """What stands in the repository days after a run was killed is not what it ran with."""
    (repository / "train.py").write_text(TRAINING.format(options="").replace("range(10)", "range(10**6)"))
    log = repository.parent / "train.out"
    with started(RUNFERRY[0], "train.py", cwd=repository, log=log) as process:
        logs = "wandb/offline-run-*-coded/*.wandb"
        place = until(lambda: next(repository.glob(logs), None), "it records").parent
        marker = json.loads((place / "runferry.json").read_text())
        days_ago = {"started_at": marker["started_at"] - 4 * 86400}
        (place / "runferry.json").write_text(json.dumps({**marker, **days_ago}))
        folder = identify(place)
        assert isinstance(folder, RunFolder)
        if not is_alive:
            process.kill()
            process.wait()
        keeper = CodeState(repository.parent / "kept", Settings, lambda path, text: None)
        keeper.start()
        keeper.consider(folder)
        assert ("diff.patch" in keeper.files(folder.log, wait=True)) is is_alive
        keeper.stop()


def test_two_apps_that_watch_one_run_both_verify_it(repository: Path, server: Server) -> None:
    """Each takes the code state and measures by itself; the server keeps one description, with its changes."""
    homes = [Path(os.environ["RUNFERRY_HOME"]), repository.parent / "second home"]

    def states() -> list[Any]:
        told = [runferry("status", "--json", RUNFERRY_HOME=str(one)).object.get("runs", ()) for one in homes]
        return [one["state"] for runs in told for one in runs if one["run_id"] == "coded"]

    command = (*RUNFERRY, "watch", "--server", server.url, str(repository))
    fast = {**server.environ, "RUNFERRY_METRICS_INTERVAL": "0.5", "RUNFERRY_METRICS_AVERAGE": "0"}
    with ExitStack() as stack:
        for number, one in enumerate(homes):
            log = repository.parent / f"watch{number}.out"
            stack.enter_context(started(*command, cwd=repository, log=log, **fast, RUNFERRY_HOME=str(one)))
            until(lambda log=log: "Watching" in log.read_text(), "it watches")  # type: ignore[misc]
        python(TRAINING.format(options="").replace("range(10)", "range(150)"), repository)
        until(lambda: states() == ["verified", "verified"], "both call it verified")
    for one in homes:
        assert runferry("sync", repository, "--server", server.url, **fast, RUNFERRY_HOME=str(one)).code == 0
    taken = [json.loads(next((one / "state" / "code").glob("*/runferry-code.json")).read_bytes()) for one in homes]
    assert taken[0]["captured_at"] != taken[1]["captured_at"]
    sent = on_server(server)
    about = json.loads(sent["runferry-code.json"])
    assert about in taken
    assert {name: len(sent[name]) for name in about["files"]} == about["files"]

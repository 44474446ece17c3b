"""Paths of every kind: bytes that are no UTF-8, line breaks, leading dashes, both forms of é, very long, linked.

One such folder is delivered, and ends nobody else's delivery; what is kept of its path finds it again.
"""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest

from runferry.cli.main import run
from runferry.settings import Settings
from runferry.settings.folder import Folder
from support import stores
from support.processes import RUNFERRY, Server, end, python, runferry, started, until

TRAIN = """
import runferry
with runferry.init(project="parity", id="{id}") as run:
    run.log({{"x": 1}})
print(run.dir)
"""
NAMES = (
    b"plain",
    b"n\xff\xfe",
    b"line\nbreak\r",
    b"-rf --all",
    unicodedata.normalize("NFC", "é").encode(),
    unicodedata.normalize("NFD", "é").encode(),
    b"l" * 200 + b"/" + b"o" * 200 + b"/" + b"ng" * 100,
    b" blank ",
    b"a'b\"c$d;e|f",
    "\ufdd0c80".encode(),
)


@pytest.fixture
def tree(work: Path) -> Path:
    """A run below each name."""
    folders = [work / os.fsdecode(one) for one in NAMES]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        python(TRAIN.format(id=f"run{number}"), folder)
    return work


def delivered(server: Server) -> list[int]:
    """Numbers of the runs whose rows are on the server."""
    runs = server.data / "runs" / "local" / "parity"
    return sorted(int(one.parent.name[3:]) for one in runs.glob("run*/wandb-history.jsonl"))


ALL = list(range(len(NAMES)))


def test_all_are_delivered_verified_found_again_and_cleaned(
    server: Server, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = runferry("watch", "--once", tree, **server.environ)
    assert (done.code, delivered(server)) == (0, ALL), done.err
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    again = runferry("sync", "--json", tree, **server.environ)
    assert (again.code, sum(one["rows_sent"] for one in again.objects)) == (0, 0), again.err
    assert len(json.loads(runferry("status", "--json").out)["runs"]) == len(NAMES)
    for name in NAMES:
        (folder,) = (tree / os.fsdecode(name)).glob("wandb/offline-run-*")
        assert run(["verify", str(folder)]) == 0
        assert run(["inspect", str(folder)]) == 0
    cleaned = runferry("clean", "--dry-run", "--json", "--min-age", "0", tree, **server.environ)
    assert cleaned.code == 0, cleaned.err
    assert len(cleaned.object["kept"]) == len(NAMES)  # on this computer's server only


def test_live_watching_tells_of_all(server: Server, tree: Path) -> None:
    log = tree.parent / "watch.txt"
    with started(*RUNFERRY, "watch", tree, cwd=tree, log=log, **server.environ) as watching:
        until(lambda: delivered(server) == ALL, "all are delivered")
        (bad,) = (tree / os.fsdecode(NAMES[1])).glob("wandb/offline-run-*")
        # Through the one that runs: a path travels there and back.
        done = runferry("sync", "--json", bad, **server.environ)
        assert (done.code, done.object["run_id"]) == (0, "run1"), done.err
        assert runferry("verify", bad, **server.environ).code == 0
        told = json.loads(runferry("status", "--json").out)
        assert {one["run_id"] for one in told["runs"]} == {f"run{number}" for number in ALL}
        end(watching)
    said = log.read_text("utf-8")
    assert "Traceback" not in said
    assert "n\\xff\\xfe" in said or "run1" in said


def test_a_leading_dash_is_named_as_every_tool_does(server: Server, tree: Path) -> None:
    for words in (["./-rf --all"], ["--", "-rf --all"]):
        done = runferry("sync", "--json", *words, cwd=tree, **server.environ)
        assert (done.code, done.object["run_id"]) == (0, "run3"), done.err
    assert (
        runferry("sync", "--json", "plain", "--server", server.url, "./-rf --all", cwd=tree, **server.environ).code == 0
    )


def test_a_linked_name_is_its_run(server: Server, tree: Path) -> None:
    link = tree / os.fsdecode(b"link\xff")
    (target,) = (tree / "plain").glob("wandb/offline-run-*")
    link.symlink_to(target)
    (tree / "round").symlink_to(tree / "round")
    done = runferry("sync", "--json", link, **server.environ)
    assert (done.code, done.object["run_id"]) == (0, "run0"), done.err
    assert runferry("sync", tree / "round", **server.environ).code == 2


def test_run_dir_means_its_run(server: Server, work: Path) -> None:
    """What the recorder and the official client tell as `run.dir`."""
    place = python(TRAIN.format(id="rd"), work).out.split()[-1]
    assert place.endswith("files")
    assert runferry("sync", "--json", place, **server.environ).object["run_id"] == "rd"
    assert runferry("verify", place, **server.environ).code == 0
    assert runferry("inspect", "--json", place).object["run_id"] == "rd"
    assert len(stores.read(server.data, "rd").rows) == 1
    (work / "other" / "files").mkdir(parents=True)
    assert runferry("sync", work / "other" / "files", **server.environ).code == 2


def test_a_watched_folder_of_such_a_name_is_kept_in_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    folder = Folder(str(tmp_path / os.fsdecode(b"n\xff")))
    Settings.load(path, {}).changed(folders=[folder.as_json()]).save(path)
    path.read_text(encoding="utf-8")
    assert Settings.load(path, {}).folders == (folder,)

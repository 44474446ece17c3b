"""What is found in a tree, what is left out, and what is told of what cannot be read."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from runferry.watch import discovery
from runferry.watch.discovery import look, scan

RUN = "offline-run-20260101_101010-abc"


def make_run(place: Path, name: str = RUN, log: str | None = None) -> Path:
    folder = place / name
    (folder / "files").mkdir(parents=True)
    (folder / (log or f"run-{name.split('-', 3 if name.startswith('off') else 2)[-1]}.wandb")).write_bytes(b"x")
    return folder


def found(root: Path, **kwargs: frozenset[Path]) -> list[str]:
    return sorted(str(one.path.relative_to(root)) for one in scan(root, **kwargs).runs)


@pytest.mark.parametrize("place", ["wandb", ".wandb", "project/wandb", "a/b/c/d/e/wandb", "exp", "wandb/nested/wandb"])
def test_at_any_depth(tmp_path: Path, place: str) -> None:
    run = make_run(tmp_path / place)
    result = scan(tmp_path)
    assert [(one.path, one.log) for one in result.runs] == [(run, run / "run-abc.wandb")]
    assert tmp_path / place in result.places
    assert result.unreadable == ()


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("run-20260101_101010-abc", "run-abc.wandb"),
        ("offline-run-20260101_101010-id-with-dashes", "run-id-with-dashes.wandb"),
        ("offline-run-20260101_101010-abc-suffix", "run-abc.wandb"),
        ("offline-run-20260101_101010-ü é", "run-ü é.wandb"),
    ],
)
def test_names_of_runs(tmp_path: Path, name: str, log: str) -> None:
    run = make_run(tmp_path / "wandb", name, log)
    assert [(one.path, one.log) for one in scan(tmp_path).runs] == [(run, run / log)]
    assert look(run) == scan(tmp_path).runs[0]


@pytest.mark.parametrize(
    "name",
    ["run-abc", "offline-run-2026-abc", "myrun-20260101_101010-abc", "latest-run", "offline-run-20260101_101010-"],
)
def test_names_of_other_folders(tmp_path: Path, name: str) -> None:
    make_run(tmp_path / "wandb", name, "run-abc.wandb")
    assert found(tmp_path) == []


def test_the_root_itself_may_be_a_run_or_a_wandb_folder(tmp_path: Path) -> None:
    run = make_run(tmp_path / "wandb")
    assert [one.path for one in scan(run).runs] == [run]
    assert [one.path for one in scan(tmp_path / "wandb").runs] == [run]


def test_legacy_layouts(tmp_path: Path) -> None:
    for name in ("dryrun-20200101_101010-old", "run-20200101_101010-online"):
        folder = tmp_path / "wandb" / name
        folder.mkdir(parents=True)
        (folder / "wandb-history.jsonl").touch()
    (tmp_path / "wandb" / "dryrun-20200101_101011-empty").mkdir()
    result = scan(tmp_path)
    assert {(one.path.name, one.log) for one in result.runs} == {
        ("dryrun-20200101_101010-old", None),
        ("run-20200101_101010-online", None),
    }


def test_a_folder_without_its_log_yet_is_pending(tmp_path: Path) -> None:
    folder = tmp_path / "wandb" / RUN
    folder.mkdir(parents=True)
    result = scan(tmp_path)
    assert (result.runs, result.pending) == ((), (folder,))
    assert look(folder) is None
    (folder / "run-abc.wandb").touch()
    assert look(folder) is not None


def test_links_are_not_followed_but_a_linked_root_is(tmp_path: Path) -> None:
    run = make_run(tmp_path / "real" / "wandb")
    (tmp_path / "real" / "wandb" / "latest-run").symlink_to(run.name)
    (tmp_path / "real" / "wandb" / "run-20260101_101010-link").symlink_to(run)
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    assert found(tmp_path / "real") == [f"wandb/{RUN}"]
    assert found(tmp_path / "linked") == [f"wandb/{RUN}"]
    assert scan(tmp_path / "linked").runs[0].identity == scan(tmp_path / "real").runs[0].identity
    assert found(tmp_path) == [f"real/wandb/{RUN}"]


@pytest.mark.parametrize("name", [".git", "node_modules", ".venv", "site-packages", "checkpoints", "checkpoint-500"])
def test_what_is_left_out(tmp_path: Path, name: str) -> None:
    make_run(tmp_path / name / "wandb")
    assert found(tmp_path) == []
    assert found(tmp_path / name) == [f"wandb/{RUN}"], "a root is looked into whatever its name"


def test_our_store_is_no_source(tmp_path: Path) -> None:
    make_run(tmp_path / "store" / "team" / "project")
    make_run(tmp_path / "other" / "wandb")
    assert len(found(tmp_path)) == 2
    assert found(tmp_path, skip=frozenset([tmp_path / "store"])) == [f"other/wandb/{RUN}"]
    (tmp_path / "store" / "runferry-store").touch()
    assert found(tmp_path) == [f"other/wandb/{RUN}"]


def test_what_is_in_a_run_is_not_looked_at(tmp_path: Path) -> None:
    run = make_run(tmp_path / "wandb")
    make_run(run / "files" / "wandb", "offline-run-20260101_101010-inner")
    listed: list[str] = []

    def scandir(path: str) -> object:
        listed.append(path)
        return os.scandir(path)

    assert len(scan(tmp_path, scandir=scandir).runs) == 1
    assert sorted(listed) == [str(tmp_path), str(tmp_path / "wandb")]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    make_run(tmp_path / "a" / "wandb")
    (tmp_path / "b").mkdir()

    def scandir(path: str) -> object:
        if path.endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return os.scandir(path)

    result = scan(tmp_path, scandir=scandir)
    assert len(result.runs) == 1
    assert result.unreadable == ((tmp_path / "b", "Permission denied"),)
    assert scan(tmp_path / "missing").unreadable == ((tmp_path / "missing", "No such file or directory"),)


def test_a_tree_without_end(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(60):
        deep = deep / "d"
    make_run(deep / "wandb")
    assert found(tmp_path) == [], "a bind mount inside itself must not be walked for ever"


def test_a_folder_that_did_not_change_is_not_looked_at_again(tmp_path: Path) -> None:
    """Nor are the runs in it; one that still has no log is, and all of it once something was added or removed."""
    place = tmp_path / "wandb"
    names = [f"offline-run-20260102_030405-id{number}" for number in range(3)]
    for name in names:
        (place / name).mkdir(parents=True)
    for name in names[:2]:
        (place / name / f"run-{name.rsplit('-', 1)[-1]}.wandb").touch()
    long_ago = time.time() - 60
    os.utime(place, (long_ago, long_ago))
    listed: list[str] = []

    def scandir(path: str) -> Any:
        listed.append(path)
        return os.scandir(path)

    memory: discovery.Memory = {}
    first = discovery.scan(place, scandir=scandir, memory=memory)
    assert str(place) in listed
    listed.clear()
    assert discovery.scan(place, scandir=scandir, memory=memory).runs == first.runs
    assert str(place) not in listed
    (place / names[2] / "run-id2.wandb").touch()
    assert {one.path.name for one in discovery.scan(place, memory=memory).runs} == set(names)
    (place / names[0]).rename(tmp_path / names[0])
    assert {one.path.name for one in discovery.scan(place, memory=memory).runs} == set(names[1:])


def test_a_folder_that_changed_just_now_is_not_remembered(tmp_path: Path) -> None:
    """What comes within the same tick of the file system's clock would not be seen."""
    memory: discovery.Memory = {}
    discovery.scan(tmp_path, memory=memory)
    assert not memory

"""The folder and what is put into it: metadata, git, requirements, saved files, resuming."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import recorder_process
import runferry
from recorder_log import Log, only_folder, only_log
from runferry.errors import UsageError
from runferry.recorder import environment, files, git, requirements, resume


def test_folder_names(start: Any, place: Path) -> None:
    run = start(id="a-b.c")
    path = Path(run.sync_dir)
    assert re.fullmatch(r"offline-run-\d{8}_\d{6}-a-b\.c", path.name)
    assert path.parent == place / "wandb"
    assert (path / "run-a-b.c.wandb").exists()
    assert os.readlink(place / "wandb" / "latest-run") == path.name
    (place / "other" / ".wandb").mkdir(parents=True)
    assert Path(start(dir=place / "other").sync_dir).parent.name == ".wandb"


def test_one_id_many_times_in_one_second(start: Any, place: Path) -> None:
    paths = [start(id="same").sync_dir for _ in range(5)]
    assert len(set(paths)) == 5
    assert all(re.fullmatch(r"offline-run-\d{8}_\d{6}-same", Path(one).name) for one in paths)


def test_without_symlinks(start: Any, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise OSError("no symlinks here")

    monkeypatch.setattr(os, "symlink", refuse)
    (place / "notes.txt").write_text("text")
    run = start()
    assert run.save("notes.txt") == [os.path.join(run.dir, "notes.txt")]
    assert (Path(run.dir) / "notes.txt").read_text() == "text"
    assert not (place / "wandb" / "latest-run").exists()


def test_random_ids() -> None:
    from runferry.recorder.start import random_id

    found = {random_id() for _ in range(200)}
    assert len(found) == 200
    assert all(re.fullmatch("[0-9a-z]{8}", one) for one in found)


def test_metadata_and_environment(tmp_path: Path) -> None:
    code = "import runferry\nrun = runferry.init(save_code=True)"
    path = recorder_process.script(tmp_path, code)
    import sys

    subprocess.run(
        [sys.executable, str(path), "--lr", "0.1", "--api-key", "hidden", "--token=hidden", "x" + "0123456789" * 4],
        cwd=tmp_path, env=recorder_process.environment(), check=True, timeout=60,
    )  # fmt: skip
    found = json.loads((only_folder(tmp_path) / "files" / "wandb-metadata.json").read_text())
    assert found["program"] == str(path)
    assert found["codePath"] == "train.py"
    assert found["args"][:5] == ["--lr", "0.1", "--api-key", "***", "--token=***"]
    assert found["python"] == f"CPython {sys.version.split()[0]}"
    assert found["host"] == os.uname().nodename
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found["startedAt"])
    assert found["cpu_count_logical"] == os.cpu_count()
    assert "hidden" not in (only_folder(tmp_path) / "files" / "wandb-metadata.json").read_text()
    (record,) = only_log(tmp_path).all("environment")
    assert (record.program, list(record.args)) == (found["program"], found["args"])
    assert (only_folder(tmp_path) / "files" / "code" / "train.py").read_text() == path.read_text()
    assert "code/train.py" in [item.path for one in only_log(tmp_path).all("files") for item in one.files]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["--password", "x", "y"], ["--password", "***", "y"]),
        (["--password", "--lr", "1"], ["--password", "--lr", "1"]),
        (["wandb_api_key=abc"], ["wandb_api_key=***"]),
        (["sk-abcdefghijklmnop1234"], ["***"]),
        (["a" * 40], ["***"]),
        (["https://me:pw@host/x"], ["https://***@host/x"]),
        (["--tokens_per_batch", "5"], ["--tokens_per_batch", "5"]),
        (["--author", "me"], ["--author", "me"]),
    ],
)
def test_masking(given: list[str], shown: list[str]) -> None:
    assert environment.mask(given) == shown


def _git(place: Path, *arguments: str) -> str:
    config = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]
    return subprocess.run(
        ["git", *config, *arguments], cwd=place, check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


def test_git_is_read_from_its_files(tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    (repository / "sub").mkdir(parents=True)
    _git(repository, "init", "-q", "-b", "main")
    assert git.find(str(repository)) == git.Repository(str(repository), "", "")
    _git(repository, "commit", "-q", "--allow-empty", "-m", "one")
    commit = _git(repository, "rev-parse", "HEAD")
    _git(repository, "remote", "add", "other", "git@example.org:o.git")
    _git(repository, "remote", "add", "origin", "https://me:token@example.org/r.git")
    expected = git.Repository(str(repository), "https://example.org/r.git", commit)
    assert git.find(str(repository / "sub")) == expected
    _git(repository, "pack-refs", "--all")
    assert git.find(str(repository)) == expected
    _git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "tree"))
    _git(tmp_path / "tree", "commit", "-q", "--allow-empty", "-m", "two")
    side = _git(tmp_path / "tree", "rev-parse", "HEAD")
    assert git.find(str(tmp_path / "tree")) == git.Repository(str(tmp_path / "tree"), "https://example.org/r.git", side)
    _git(repository, "checkout", "-q", "--detach")
    assert git.find(str(repository)) == expected
    outer = tmp_path / "outer"
    outer.mkdir()
    _git(outer, "init", "-q")
    _git(outer, "submodule", "--quiet", "add", str(repository), "inner")
    found = git.find(str(outer / "inner"))
    assert found == git.Repository(str(outer / "inner"), str(repository), commit)


def test_git_that_is_broken_is_not_known(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert git.find(str(tmp_path)) is None
    (tmp_path / ".git").unlink()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(b"ref: refs/../../x\xff")
    assert git.find(str(tmp_path)) == git.Repository(str(tmp_path), "", "")


def test_disable_git(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    recorder_process.run(
        tmp_path, "import runferry\nrunferry.init()", WANDB_DISABLE_GIT="true", WANDB_DISABLE_CODE="true"
    )
    (record,) = only_log(tmp_path).all("environment")
    assert (record.HasField("git"), record.code_path) == (False, "")


def test_requirements_are_the_installed_packages() -> None:
    found = requirements.installed()
    expected = {
        requirements.normalised(one.metadata["Name"]): one.version for one in importlib.metadata.distributions()
    }
    assert found == expected


def test_requirement_names(tmp_path: Path) -> None:
    for name in ("A_b.c-1.0.dist-info", "old-2.0-py3.8.egg-info", "x-y.dist-info", "plain", "e-1!2.0+local.dist-info"):
        (tmp_path / name).mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "a_b_c-9.dist-info").mkdir()
    found = requirements.installed([str(tmp_path), str(tmp_path / "second"), str(tmp_path / "missing")])
    assert requirements.text(found) == "a-b-c==1.0\ne==1!2.0+local\nold==2.0\n"


def test_save(start: Any, log: Any, place: Path) -> None:
    (place / "data" / "deep").mkdir(parents=True)
    for name in ("a.txt", "deep/b.txt", "c.pt"):
        (place / "data" / name).write_text(name)
    run = start(settings={"ignore_globs": "*.pt,data/*.pt"})
    base = Path(run.dir)
    assert run.save("data/*.txt") == [str(base / "data" / "a.txt")]
    assert os.readlink(base / "data" / "a.txt") == str(place / "data" / "a.txt")
    assert run.save(place / "data" / "**" / "b.txt", base_path=place / "data", policy="end") == [
        str(base / "deep" / "b.txt")
    ]
    assert run.save(str(place / "data" / "a.txt"), policy="now") == [str(base / "data" / "a.txt")]
    assert run.save("data/*.pt") == []
    assert run.save("nothing*") == []
    assert run.save("data/a.txt", base_path="data/deep") == []
    (base / "own.txt").write_text("x")
    assert run.save(str(base / "own.txt"), base_path=base, policy="odd") == [str(base / "own.txt")]
    assert run.save() is True
    assert run.save("https://example.org/x") == []
    run.finish()
    items = [(item.path, item.policy) for one in log().all("files")[1:] for item in one.files]
    assert items == [("data/a.txt", 2), ("deep/b.txt", 1), ("data/a.txt", 0), ("own.txt", 2)]


@pytest.mark.parametrize(
    ("name", "globs", "is_ignored"),
    [
        ("a.pt", ["*.pt"], True), ("x/a.pt", ["*.pt"], False), ("x/a.pt", ["x/*"], True), ("x/y/a.pt", ["x/*"], False),
        ("a1", ["a[0-9]"], True), ("ab", ["a?"], True), ("a.b", ["a+b"], False), ("a", [], False),
    ],
)  # fmt: skip
def test_ignore_globs(name: str, globs: list[str], is_ignored: bool) -> None:
    assert files.ignored(name, globs) is is_ignored


def test_alert_record(start: Any, log: Any) -> None:
    import datetime

    run = start()
    run.alert("T", "x", level="warn", wait_duration=datetime.timedelta(seconds=2))
    run.alert("U", level="loud", wait_duration="soon")
    run.mark_preempting()
    run.finish()
    first, second = log().all("alert")
    assert (first.title, first.text, first.level, first.wait_duration) == ("T", "x", "WARN", 2000)
    assert (second.level, second.wait_duration) == ("INFO", 60000)
    assert log().kinds.count("preempting") == 1


def test_resume_goes_on_after_the_last_local_step(start: Any, place: Path) -> None:
    one = start(id="r")
    for step in range(3000):
        one.log({"x": step, "text": "y" * (step % 50)})
    one.log({"big": "z" * 200_000}, step=4000)
    one.finish()
    two = start(id="r", resume="allow")
    assert (two.step, two.resumed, two.starting_step) == (4001, True, 4001)
    two.log({"x": 1})
    two.finish()
    first, second = sorted(place.glob("wandb/*-r/*.wandb"))
    assert Log(second).rows[0]["_step"] == 4001
    assert Log(second).rows[0]["_runtime"] >= Log(first).rows[-1]["_runtime"]
    assert (Log(second).all("run")[0].resume, Log(second).all("run")[0].starting_step) == (True, 4001)
    assert Log(first).all("run")[0].resume is False
    plain = start(id="r")
    assert (plain.step, plain.resumed) == (0, False)
    with pytest.raises(UsageError, match="never"):
        start(id="r", resume="never")
    assert start(id="new", resume="must").step == 0


def test_resume_auto(start: Any, place: Path) -> None:
    note = place / "wandb" / "wandb-resume.json"
    one = start(resume="auto")
    assert json.loads(note.read_text()) == {"run_id": one.id}
    one.log({"x": 1})
    one.finish(1)
    two = start(resume=True)
    assert (two.id, two.step, two.resumed) == (one.id, 1, True)
    two.finish()
    assert not note.exists()
    assert start(resume="auto").id != one.id


def test_the_tail_of_a_damaged_log(start: Any, place: Path) -> None:
    run = start(id="d")
    for step in range(2000):
        run.log({"x": step})
    run.finish()
    path = next(place.glob("wandb/*-d/*.wandb"))
    data = bytearray(path.read_bytes())
    expected = resume.last_row(str(path)).last_step
    assert expected == 1999
    for cut in (len(data) - 3, len(data) - 900, 40000, 32768, 32769, 8, 7, 0):
        path.write_bytes(data[:cut])
        found = resume.last_row(str(path)).last_step
        assert (found is None) if cut < 200 else found is not None, cut
    data[-20000] ^= 255
    path.write_bytes(data)
    assert resume.last_row(str(path)).last_step is not None
    assert resume.last_row(str(place / "missing")) == resume.Earlier(None, None)


def test_module_attributes() -> None:
    assert runferry.Settings(console="off") == {"console": "off"}
    assert runferry.Run.__name__ == "Run"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = runferry.nonsense

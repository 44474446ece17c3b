"""Arguments, variables, settings files: which wins, and what is refused."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

import runferry
from recorder_log import Log
from runferry.errors import UsageError
from runferry.recorder.settings import gather, read_settings_file


def test_precedence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Path(os.environ["HOME"]) / ".config" / "wandb"
    own.mkdir(parents=True)
    (own / "settings").write_text("[default]\nproject = own\nentity = own\nbase_url = http://own\n")
    assert gather({}).project == "own"
    (place / "wandb").mkdir()
    (place / "wandb" / "settings").write_text("[default]\nproject: local\n\n")
    assert (gather({}).project, gather({}).entity, gather({}).base_url) == ("local", "own", "http://own")
    monkeypatch.setenv("WANDB_PROJECT", "variable")
    assert gather({}).project == "variable"
    monkeypatch.setenv("RUNFERRY_PROJECT", "twin")
    assert gather({}).project == "twin"
    assert gather({}, {"project": "settings"}).project == "settings"
    assert gather({"project": "argument"}, {"project": "settings"}).project == "argument"


@pytest.mark.parametrize("prefix", ["WANDB_", "RUNFERRY_"])
def test_every_variable(prefix: str) -> None:
    environ = {
        "MODE": "dryrun", "DIR": "/x", "ENTITY": "e", "RUN_ID": "i", "NAME": "n", "NOTES": "o", "TAGS": "a, b,,",
        "RUN_GROUP": "g",
        "JOB_TYPE": "j", "RESUME": "allow", "CONSOLE": "off", "SILENT": "true", "DISABLE_CODE": "1",
        "DISABLE_GIT": "true",
        "IGNORE_GLOBS": "*.pt,x/*", "SAVE_CODE": "true", "HOST": "h", "SWEEP_ID": "s",
    }  # fmt: skip
    found = gather({}, None, {prefix + name: value for name, value in environ.items()})
    assert (found.mode, found.root_dir, found.entity, found.run_id, found.name) == ("dryrun", "/x", "e", "i", "n")
    assert (found.notes, found.tags, found.group, found.job_type) == ("o", ("a", "b"), "g", "j")
    assert (found.resume, found.console, found.silent, found.disable_code, found.disable_git) == (
        "allow",
        False,
        True,
        True,
        True,
    )
    assert (found.ignore_globs, found.save_code, found.host, found.sweep_id) == (("*.pt", "x/*"), True, "h", "s")


@pytest.mark.parametrize("name", ["WANDB_X_DISABLE_STATS", "WANDB__DISABLE_STATS", "RUNFERRY_X_DISABLE_STATS"])
def test_who_wants_no_measurements_of_the_host_says_so_in_old_and_new_names(name: str) -> None:
    assert gather({}, None, {name: "true"}).disable_stats
    assert gather({}, {"x_disable_stats": True}, {}).disable_stats
    assert gather({}, {"_disable_stats": True}, {}).disable_stats
    assert not gather({}, None, {name: "false"}).disable_stats


@pytest.mark.parametrize(
    ("mode", "meant"),
    [
        ("online", "online"),
        ("run", "online"),
        ("shared", "online"),
        ("offline", "offline"),
        ("dryrun", "dryrun"),
        ("disabled", "disabled"),
    ],
)
def test_modes(mode: str, meant: str) -> None:
    assert gather({"mode": mode}).mode == meant


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"id": "a/b"}, "a/b"),
        ({"id": " a"}, "space"),
        ({"id": "x" * 200}, "200"),
        ({"id": "a\nb"}, "file name"),
        ({"id": ".."}, "file name"),
        ({"project": "a/b"}, "a/b"),
        ({"project": "p" * 129}, "129"),
        ({"mode": "loud"}, "disabled, dryrun, offline, online"),
        ({"resume": "maybe"}, "allow, must, never, auto"),
        ({"tags": [""]}, "empty"),
        ({"tags": ["x" * 65]}, "65"),
        ({"name": ["x"]}, "list"),
        ({"projekt": "x"}, "Did you mean project"),
        ({"zzz": 1}, "Known are"),
        ({"fork_from": "x"}, "not supported"),
        ({"settings": 5}, "settings"),
    ],
)
def test_wrong_arguments_read_well_and_leave_nothing(place: Path, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        runferry.init(**arguments)
    error = caught.value
    assert says in error.for_people()
    assert re.fullmatch("[a-z-]+", error.slug)
    assert error.todo[-1] in ".?"
    assert list(place.iterdir()) == []


def test_a_wrong_variable_is_refused_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "loud")
    with pytest.raises(UsageError, match="loud"):
        runferry.init()


def test_settings_files_of_any_shape(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_bytes(b"\xff\xfe\x00garbage\n[other]\nproject = no\n[default]\n# c\nproject = a = b\n=\nempty =\n")
    assert read_settings_file(str(path)) == {"project": "a = b"}
    assert read_settings_file(str(tmp_path)) == {}


def test_a_run_says_who_it_is(start: Any, log: Any) -> None:
    run = start(
        project="p",
        name="n",
        entity="e",
        group="g",
        job_type="j",
        tags="one",
        notes="o",
        id="my-run",
        settings={"run_notes": "x"},
    )
    assert (run.id, run.name, run.project, run.entity, run.path) == ("my-run", "n", "p", "e", "e/p/my-run")
    assert (run.group, run.job_type, run.tags, run.notes, run.url, run.step) == ("g", "j", ("one",), "o", None, 0)
    run.name = "new"
    run.tags = ["a", "", "b", "a"]
    run.finish()
    first, *_, last = log().all("run")
    assert (first.display_name, list(first.tags), last.display_name, list(last.tags)) == (
        "n",
        ["one"],
        "new",
        ["a", "b"],
    )
    assert last.run_id == "my-run"


def test_second_init_finishes_the_first(start: Any, place: Path) -> None:
    one = start(id="one")
    two = start(id="two")
    assert not one.is_open
    assert runferry.run is two
    assert start(id="three", reinit="return_previous") is two
    four = start(id="four", reinit="create_new")
    assert two.is_open
    assert runferry.run is two
    four.log({"x": 1})
    two.log({"x": 2})
    four.finish()
    assert two.is_open
    two.finish()
    values = {name: Log(next(place.glob(f"wandb/*-{name}/*.wandb"))).metrics() for name in ("two", "four")}
    assert values == {"two": [{"x": 2}], "four": [{"x": 1}]}


def test_the_marker(start: Any, folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WANDB_IGNORE_GLOBS", "*.pt")
    monkeypatch.setenv("WANDB_BASE_URL", "http://example.org")
    run = start(mode="offline", entity="e")
    found = json.loads((folder() / "runferry.json").read_text())
    assert found["schema"] == 1
    assert (found["pid"], found["mode"], found["entity"], found["project"]) == (os.getpid(), "offline", "e", None)
    assert (found["rank"], found["ignore_globs"], found["base_url"]) == ({"RANK": "3"}, ["*.pt"], "http://example.org")
    assert found["writer"] == f"runferry/{runferry.__version__}"
    assert "outcome" not in found
    assert run.offline
    import psutil

    if found["process_started_at"] is not None:
        assert found["process_started_at"] == pytest.approx(psutil.Process().create_time(), abs=2)


def test_disabled_leaves_nothing_on_disk(start: Any, place: Path) -> None:
    run = start(mode="disabled", config={"a": 1}, id="x")
    run.log({"x": 1, "n": {"y": 2}})
    run.config.b = 2
    run.define_metric("x", summary="min")
    run.alert("t")
    run.save(__file__)
    assert run.summary["n"]["y"] == 2
    assert run.config == {"a": 1, "b": 2}
    assert run.step == 1
    run.finish()
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("variable", ["WANDB_SILENT", "RUNFERRY_SILENT"])
def test_silent(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
) -> None:
    monkeypatch.setenv(variable, "true")
    with runferry.init() as run:
        run.log(5)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_metrics_only(start: Any, log: Any, folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFERRY_METRICS_ONLY", "1")
    run = start(config={"a": 1}, save_code=True, settings={"console": "wrap"})
    print("secret")
    run.log({"x": object()})
    run.finish()
    found = log()
    assert set(found.kinds) == {"header", "run", "summary", "history", "exit"}
    assert found.all("run")[0].host == ""
    assert sorted(one.name for one in (folder() / "files").iterdir()) == ["config.yaml", "wandb-summary.json"]
    assert json.loads((folder() / "runferry.json").read_text())["metrics_only"] is True

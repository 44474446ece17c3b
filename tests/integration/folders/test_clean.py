"""`runferry clean`: only what a server on another computer verifiably has, and only into the trash."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pytest

from runferry.cli import clean
from runferry.engine import cleaning
from runferry.engine.cleaning import is_here
from support import stores
from support.processes import Server, python, runferry

TRAIN = """
import pathlib, runferry
pathlib.Path("saved.txt").write_text("kept with the run")
with runferry.init(project="parity", id="{id}") as run:
    for step in range(5):
        run.log({{"x": step}})
    print("hello")
"""


@pytest.fixture
def sent(server: Server, work: Path) -> Path:
    """A run folder, verified on the server."""
    python(TRAIN.format(id="done"), work)
    assert runferry("sync", work / "wandb", **server.environ).code == 0
    (folder,) = (work / "wandb").glob("offline-run-*")
    return folder


def arguments(root: Path, **more: object) -> argparse.Namespace:
    given = {"directory": str(root), "min_age": 0.0, "dry_run": False, "yes": True, "json": True}
    return argparse.Namespace(**{**given, **more})


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """The test's server counts as one on another computer."""
    monkeypatch.setattr(cleaning, "is_here", lambda url: False)
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)


def cleaned(capsys: pytest.CaptureFixture[str], root: Path, **more: object) -> tuple[list[str], list[str], list[str]]:
    """Candidates, what went, and why the others are kept."""
    capsys.readouterr()
    clean.main(arguments(root, **more))
    told = json.loads(capsys.readouterr().out)
    return [one["path"] for one in told["candidates"]], told["trashed"], sorted(why for _, why in told["kept"])


def test_a_server_on_this_computer_is_no_second_copy(sent: Path, work: Path) -> None:
    done = runferry("clean", work, "--min-age", "0", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.object["candidates"] == []
    assert "this computer only" in done.object["kept"][0][1]
    assert sent.is_dir()


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1", True), ("http://localhost", True), ("http://0.0.0.0:80", True), ("http://[::1]:8", True),
        ("", True), ("http://no-such-name.invalid", True), ("http://198.51.100.7:80", False),
    ],
)  # fmt: skip
def test_which_servers_are_here(url: str, here: bool) -> None:
    assert is_here(url) is here


@pytest.mark.usefixtures("elsewhere")
def test_what_goes_and_what_stays(
    sent: Path, work: Path, server: Server, capsys: pytest.CaptureFixture[str], clean_environment: Path
) -> None:
    python(TRAIN.format(id="never-sent"), work)
    assert cleaned(capsys, work, min_age=1.0) == ([], [], ["changed not long ago", "not verified on any server"])
    candidates, gone, kept = cleaned(capsys, work, dry_run=True)
    assert (candidates, gone, kept) == ([str(sent)], [], ["not verified on any server"])

    extra = sent / "files" / "unsent.bin"
    extra.write_bytes(b"only here")
    assert "file (unsent.bin)" in " ".join(cleaned(capsys, work)[2])
    extra.unlink()

    log = next(sent.glob("*.wandb"))
    with log.open("ab"):
        assert "in use" in " ".join(cleaned(capsys, work)[2])

    history = stores.read(server.data, "done").folder / "wandb-history.jsonl"
    kept_rows = history.read_text()
    history.write_text(kept_rows.replace('"x":3', '"x":7').replace('"x": 3', '"x": 7'))
    assert history.read_text() != kept_rows
    assert "the server has it differently" in " ".join(cleaned(capsys, work)[2])
    history.write_text(kept_rows)
    assert sent.is_dir()

    candidates, gone, _ = cleaned(capsys, work)
    assert candidates == gone == [str(sent)]
    assert not sent.exists()
    assert (clean_environment / ".local/share/Trash/files" / sent.name).is_dir()
    assert len(list((work / "wandb").glob("offline-run-*"))) == 1


@pytest.mark.usefixtures("elsewhere")
def test_a_run_that_changed_since_stays(sent: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = next(sent.glob("*.wandb"))
    with log.open("ab") as file:
        file.write(b"more")
    assert "changed since" in " ".join(cleaned(capsys, work)[2])
    found = cleaning.Candidate(str(sent), "done", "", "", 1, str(log), log.stat().st_size - 1, time.time_ns())
    assert not cleaning.is_unchanged(found)


def test_measurements_that_were_not_sent_stay(
    sent: Path, work: Path, elsewhere: None, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = sent / "runferry-samples-node1-7.jsonl"
    beside.write_text('{"_timestamp": 1.0, "_runtime": 1.0, "system.cpu": 5.0}\n')
    assert cleaned(capsys, work, dry_run=True) == ([], [], ["measurements that were collected beside it were not sent"])

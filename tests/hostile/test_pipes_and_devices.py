"""Pipes, devices and sockets where files are expected: what waits for nobody is delivered, and everything ends.

A pipe that nobody writes to holds whoever opens it in the ordinary way for ever, SIGTERM or not. So all of this runs in
processes with a limit of time.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runferry
from runferry.credentials.netrc_file import read_passwords
from runferry.errors import AppError
from runferry.formats.interrupted import Interrupted
from runferry.regular_files import NotRegular, open_to_change
from runferry.remote.certificates import BadCertificateFile
from runferry.remote.certificates import read as read_certificates
from runferry.remote.pac import Pac, PacTrouble
from runferry.settings import Settings
from runferry.state.samples import COLLECTED, SampleStore, last_row
from support import stores
from support.processes import RUNFERRY, Server, end, serving, started, until
from support.processes import runferry as command

LIMIT = 40.0  # seconds for a command that takes three


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "store") as running:
        yield running


@pytest.fixture
def within_seconds() -> Iterator[None]:
    """An open that waits is broken off, and the test fails."""

    def waited(*_: object) -> None:
        raise AssertionError("something waits for a pipe")

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pipe(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def record(work: Path, run_id: str, *names: str) -> Path:
    run = runferry.init(project="parity", id=run_id, dir=str(work), settings={"console": "off", "silent": True})
    files = Path(run.dir)
    for name in names:
        (files / name).write_text("x")
        run.save(str(files / name), base_path=str(files))
    run.log({"loss": 1})
    run.finish()
    return files.parent


def legacy(work: Path, run_id: str) -> Path:
    run = work / "wandb" / f"dryrun-20200101_000000-{run_id}"
    run.mkdir(parents=True)
    (run / "wandb-metadata.json").write_text('{"state": "finished", "exitcode": 0, "project": "parity"}')
    (run / "wandb-history.jsonl").write_text('{"_step": 0, "_timestamp": 1, "loss": 1}\n')
    return run


def test_a_folder_full_of_them_stops_nothing(server: Server, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    good = record(work, "good")
    listed = record(work, "listed", "pipe", "socket", "device", "fine")
    pipe(listed / "files" / "pipe")
    (listed / "files" / "device").unlink()
    (listed / "files" / "device").symlink_to("/dev/zero")
    (listed / "files" / "socket").unlink()
    marked = record(work, "marked")
    pipe(marked / "runferry.json")
    pipe(marked / f"{COLLECTED}-x.jsonl")
    pipe(marked / "files" / "wandb-metadata.json")
    no_log = record(work, "nolog")
    (log,) = no_log.glob("*.wandb")
    pipe(log)
    old = legacy(work, "old")
    for name in ("config.yaml", "output.log", "wandb-summary.json", "wandb-events.jsonl", "extra.txt"):
        pipe(old / name)
    empty = legacy(work, "nohistory")
    pipe(empty / "wandb-history.jsonl")
    pipe(work / "wandb" / "settings")
    pipe(work / "wandb" / "bare.wandb")
    here = os.getcwd()
    os.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(listed / "files" / "socket"))
        os.chdir(here)
        done = command("sync", work, "--json", timeout=LIMIT, cwd=work, **server.environ)
    found = {Path(one["path"]): one for one in done.objects}
    assert done.code == 1, done.err
    assert found[good]["state"] == "verified", done.err
    assert found[marked]["state"] == "verified", done.err
    assert (found[listed]["state"], found[listed]["error"]["slug"]) == ("sent", "links-left-out"), done.err
    assert "device → /dev/zero" in found[listed]["error"]["message"]
    assert "it is not a file. And 1 more" in found[listed]["error"]["message"]
    assert "fine" in stores.read(server.data, "listed").files
    assert found[old]["rows"] == 1, done.err
    for name in ("config.yaml", "output.log", "wandb-events.jsonl"):
        assert any(name in one for one in found[old]["damage"]["details"]), found[old]
    assert any("wandb-history.jsonl" in one or "not read" in one for one in found[empty]["damage"]["details"])
    for command_name in ("inspect", "sync --dry-run"):
        for run in (old, listed, marked, no_log):
            command(*command_name.split(), run, timeout=LIMIT, **server.environ)


def test_watching_goes_on_and_ends_when_it_is_told(server: Server, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    old = legacy(work, "old")
    for name in ("config.yaml", "output.log", "wandb-events.jsonl"):
        pipe(old / name)
    log = tmp_path / "watch.log"
    with started(*RUNFERRY, "watch", str(work), cwd=tmp_path, log=log, **server.environ) as process:
        until(lambda: "Watching" in log.read_text(), "it watches", LIMIT)
        record(work, "later")
        until(lambda: stores.exists(server.data, "later"), "the run beside it is delivered", LIMIT)
        until(lambda: stores.exists(server.data, "old"), "and what is good of that one", LIMIT)
        before = time.monotonic()
        end(process)
        assert time.monotonic() - before < 15, "it had to be killed"


@pytest.mark.usefixtures("within_seconds")
def test_a_log_that_becomes_a_pipe_while_it_is_read(tmp_path: Path) -> None:
    from runferry.sync.source import Source

    run = record(tmp_path, "r")
    (log,) = run.glob("*.wandb")
    source = Source.alone(log)
    source.read()
    pipe(log)
    with pytest.raises(AppError, match="log is no file"):
        source.read()


def read_settings(path: Path) -> bool:
    return Settings.load(path, {}).problems[0].slug == "settings-unreadable"


def read_certificate(path: Path) -> bool:
    with pytest.raises(BadCertificateFile):
        read_certificates(path)
    return True


def read_pac(path: Path) -> bool:
    with pytest.raises(PacTrouble):
        Pac(str(path)).proxy_for("https://example.com")
    return True


def read_interrupted(path: Path) -> bool:
    kept = Interrupted()
    kept.keep_in(path)
    return True


def read_marker_of_code(path: Path) -> bool:
    from runferry.engine.code_state.keeper import about

    path.rename(path.with_name("runferry-code.json"))
    return about(path.parent) == {}


@pytest.mark.usefixtures("within_seconds")
@pytest.mark.parametrize(
    "read",
    [
        read_settings,
        read_certificate,
        read_pac,
        read_interrupted,
        read_marker_of_code,
        lambda path: read_passwords(path) == {},
        lambda path: last_row(path) == {},
    ],
)
def test_small_files_of_every_kind(read: Callable[[Path], bool], tmp_path: Path) -> None:
    assert read(pipe(tmp_path / "file"))


@pytest.mark.usefixtures("within_seconds")
def test_measurements_are_written_into_no_pipe_and_through_no_link(tmp_path: Path) -> None:
    """`watch --collect` writes beside logs; what stands there may be anything."""
    (tmp_path / "mine").write_text("mine\n")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "mine")
    store = SampleStore(tmp_path)
    for path in (pipe(tmp_path / "pipe.jsonl"), tmp_path / "link.jsonl"):
        with pytest.raises(AppError):
            store.append(path, ['{"_timestamp": 1}'])
        with pytest.raises(NotRegular):
            open_to_change(path)
    assert (tmp_path / "mine").read_text() == "mine\n"
    store.append(tmp_path / "file.jsonl", ['{"_timestamp": 1}'])
    store.append(tmp_path / "file.jsonl", ['{"_timestamp": 2}'])
    assert (tmp_path / "file.jsonl").read_text() == '{"_timestamp": 1}\n{"_timestamp": 2}\n'

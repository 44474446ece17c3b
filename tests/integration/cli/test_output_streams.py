"""Commands on terminals and files that take less than UTF-8, or nothing: never an exception for a character, the work
is done, the exit code is the work's own, and it is said where the output was lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from support.processes import PATIENCE, RUNFERRY, Server, environment, python

TRAIN = """
import runferry
with runferry.init(project="ünï ☃", id="enc", name="läuft ✓ 名前 🎉") as run:
    run.log({"verlust ☃": 1})
"""


def command(*words: str | Path, shell: str = "", **environ: Any) -> subprocess.CompletedProcess[bytes]:
    """A command; shell: redirections, as they are typed."""
    quoted = [*RUNFERRY, *map(str, words)]
    line: Sequence[str] = ["sh", "-c", f'exec "$@" {shell}', "sh", *quoted] if shell else quoted
    return subprocess.run(
        line, env=environment(**environ), stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
    )


@pytest.fixture
def recorded(work: Path) -> Path:
    python(TRAIN, work)
    (folder,) = (work / "wandb").glob("offline-run-*-enc")
    return folder


def test_a_character_never_ends_a_command(server: Server, recorded: Path) -> None:
    for words, encoding in (
        (("sync", "--dry-run", recorded), "ascii"),
        (("sync", recorded), "cp1252"),  # a redirection on Windows
        (("status",), "latin-1"),
        (("verify", "enc"), "ascii"),
        (("inspect", recorded), "latin-1"),
        (("inspect", "--json", recorded), "ascii"),
        (("watch", "--once", recorded.parent), "ascii"),
    ):
        done = command(*words, PYTHONIOENCODING=encoding, **server.environ)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), (words, done.stderr)
        (done.stdout + done.stderr).decode(encoding)
    assert command("verify", "enc", PYTHONIOENCODING="ascii", **server.environ).stdout.startswith(b"+ enc")


def test_a_full_disk_is_said_and_the_work_is_done(server: Server, recorded: Path) -> None:
    for words in (("sync", recorded), ("sync", "--json", recorded), ("verify", "enc")):
        done = command(*words, shell="> /dev/full", **server.environ)
        assert done.returncode == 0, done.stderr
        assert b"could be written: No space left on device" in done.stderr
    for words in (("inspect", recorded), ("status", "--json"), ("--version",), ("--help",)):
        done = command(*words, shell="> /dev/full")  # the output was all that was asked for
        assert done.returncode == 1
        assert b"No space left on device" in done.stderr
        assert b"Traceback" not in done.stderr
    assert command("inspect", recorded / "nothing", shell="> /dev/full 2>&1").returncode == 2


def test_streams_that_are_closed(server: Server, recorded: Path) -> None:
    assert command("sync", recorded, shell=">&- 2>&- <&-", **server.environ).returncode == 0
    assert command("verify", "enc", shell=">&-", **server.environ).stderr.endswith(
        b"it is closed. What was asked for is done.\n"
    )
    done = command("status", shell="2>&-")
    assert (done.returncode, b"enc" in done.stdout) == (0, True)
    # A file that got the number of a closed stream would hold what libraries write to "standard error".
    database = Path(os.environ["RUNFERRY_HOME"]) / "state" / "runferry.db"
    assert database.read_bytes()[:16] == b"SQLite format 3\0"


def test_a_reader_that_goes_away_ends_nothing(server: Server, recorded: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*RUNFERRY, "sync", str(recorded)],
            env=environment(**server.environ),
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
        )
    finally:
        os.close(writer)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert b"could be written" not in done.stderr  # as `head` does it, on purpose
    assert command("verify", "enc", **server.environ).returncode == 0

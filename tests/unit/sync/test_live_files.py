"""Files of a live run: a long upload gives signs of life, and a file that changes all the time is sent seldom."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runferry.formats.entries import FileEntry
from runferry.remote import uploads
from runferry.sync import run_files
from runferry.sync.run_files import LIVE_INTERVAL, RunFiles
from runferry.sync.wishes import Wishes
from support.linked import links_of


class Uploads:
    """The files of one run, on their way to a server that takes everything in pieces of four bytes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.beats, self.arrived = 1000.0, 0, []  # type: ignore[var-annotated]
        self.file = folder / "log.txt"
        ledger: Any = SimpleNamespace(sent_files=lambda delivery: {}, file_sent=lambda *about: None)
        clock: Any = SimpleNamespace(monotonic=lambda: self.now)
        nothing: Any = None
        self.files = RunFiles(nothing, nothing, ledger, nothing, links_of(folder, folder), Wishes(), clock, self.beat)
        monkeypatch.setattr(run_files.uploads, "create", lambda session, run, names: [self.place(one) for one in names])
        monkeypatch.setattr(run_files.uploads, "put", self.put)

    def place(self, name: str) -> uploads.UploadPlace:
        return uploads.UploadPlace(name, "", {})

    def put(self, session: Any, place: uploads.UploadPlace, source: Any, size: int) -> None:
        self.arrived.append(b"".join(iter(lambda: source.read(4), b"")))

    def beat(self) -> None:
        self.beats += 1

    def turn(self, content: bytes, is_over: bool = False) -> None:
        self.file.write_bytes(content)
        self.files.upload({"log.txt": FileEntry("log.txt", "live")}, {}, is_over)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Uploads:
    return Uploads(tmp_path, monkeypatch)


def test_a_long_upload_gives_signs_of_life(run: Uploads) -> None:
    run.turn(b"x" * 40)
    assert run.beats >= 10
    assert run.arrived == [b"x" * 40]


def test_a_live_file_is_sent_now_and_then_and_at_the_end(run: Uploads) -> None:
    run.turn(b"1")
    run.turn(b"12")
    assert run.arrived == [b"1"]
    run.now += LIVE_INTERVAL
    run.turn(b"123")
    run.turn(b"1234")
    assert run.arrived == [b"1", b"123"]
    run.turn(b"12345", is_over=True)
    assert run.arrived == [b"1", b"123", b"12345"]

"""Lines stay where they were written, whatever the order, and whatever a kill leaves behind."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runferry.server import lines as lines_module
from runferry.server.lines import LineFile, OffsetRefusedError, encode

TEXT = st.text(alphabet=st.characters(exclude_characters="\n", exclude_categories=("Cs",)), max_size=30)
WRITES = st.lists(st.tuples(st.integers(0, 30), st.lists(TEXT, max_size=6)), max_size=15)


def content(file: LineFile) -> list[str]:
    return [line.decode() for line in file.iterate()]


@settings(max_examples=60, deadline=None)
@given(writes=WRITES, block=st.integers(1, 64))
def test_any_writes_give_what_a_list_would_hold(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, list[str]]], block: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    expected: list[str] = []
    with mock.patch.object(lines_module, "BLOCK", block):
        file = LineFile(path)
        for offset, batch in writes:
            file.write(offset, batch)
            if batch:
                expected += [""] * (offset - len(expected))
                expected[offset : offset + len(batch)] = batch
            assert file.count == len(expected)
        assert content(file) == expected
        again = LineFile(path)
        again.load()
        assert (again.count, again.size) == (file.count, file.size)
        for start in range(0, len(expected) + 1, 3):
            assert [one.decode() for one in again.iterate(start, start + 4)] == expected[start : start + 4]
        assert again.holes() == expected.count("")


def test_the_same_lines_again_change_nothing(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "x")
    file.write(0, ["a", "b", "c"])
    before = (tmp_path / "x").stat().st_mtime_ns
    file.write(1, ["b", "c"])
    file.write(0, ["a"])
    assert (tmp_path / "x").stat().st_mtime_ns == before
    assert file.generation == 0
    file.write(2, ["c", "d"])  # a retry that brings one more
    assert content(file) == ["a", "b", "c", "d"]
    assert file.generation == 0


def test_a_line_beyond_the_end_leaves_a_hole_that_can_be_filled(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "x")
    file.write(0, ["a"])
    file.write(3, ["d"])
    assert content(file) == ["a", "", "", "d"]
    assert file.holes() == 2
    file.write(1, ["b", "c"])
    assert content(file) == ["a", "b", "c", "d"]
    assert file.holes() == 0


@pytest.mark.parametrize("offset", [-1, 2_000_000])
def test_absurd_offsets_are_refused(tmp_path: Path, offset: int) -> None:
    file = LineFile(tmp_path / "x")
    with pytest.raises(OffsetRefusedError):
        file.write(offset, ["a"])
    assert not (tmp_path / "x").exists()


def test_a_torn_append_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "x"
    LineFile(path).write(0, ["first", "second"])
    with path.open("ab") as raw:
        raw.write(b'{"half": ')
    file = LineFile(path)
    file.load()
    assert file.count == 2
    assert path.read_bytes() == b"first\nsecond\n"
    file.write(2, ["third"])
    assert content(file) == ["first", "second", "third"]


@pytest.mark.parametrize("kill_at", ["before", "written", "half-applied"])
def test_a_change_in_the_middle_happens_fully_or_not(tmp_path: Path, kill_at: str) -> None:
    path = tmp_path / "x"
    file = LineFile(path)
    file.write(0, ["one", "two", "three"])

    class KilledError(BaseException):
        pass

    def dies(self: LineFile) -> None:
        if kill_at == "half-applied":
            with path.open("r+b") as raw:
                raw.seek(4)
                raw.write(b"TW")
        raise KilledError

    killing = (
        mock.patch.object(lines_module, "write_whole", side_effect=KilledError)
        if kill_at == "before"
        else mock.patch.object(LineFile, "_apply_redo", dies)
    )
    with killing, pytest.raises(KilledError):
        file.write(1, ["TWO WITH MORE"])
    after = LineFile(path)
    after.load()
    expected = ["one", "two", "three"] if kill_at == "before" else ["one", "TWO WITH MORE", "three"]
    assert content(after) == expected
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "x")
    file.write(0, ["a"])
    real_open = os.fdopen

    def open_full(handle: int, mode: str = "r", *rest: object, **named: object) -> object:
        opened = real_open(handle, mode, *rest, **named)  # type: ignore[call-overload]
        if "a" not in mode:
            return opened
        os.write(opened.fileno(), b"par")
        broken = mock.MagicMock(wraps=opened)
        broken.__enter__.return_value.write.side_effect = OSError(errno.ENOSPC, "No space left on device")
        broken.__exit__.side_effect = lambda *_: opened.close()
        return broken

    with mock.patch.object(os, "fdopen", open_full), pytest.raises(OSError, match="No space"):
        file.write(1, ["b"])
    assert (tmp_path / "x").read_bytes() == b"a\n"
    file.write(1, ["b"])
    assert content(file) == ["a", "b"]


def test_zeros_that_a_power_cut_left_at_the_end_are_taken_back(tmp_path: Path) -> None:
    LineFile(tmp_path / "x").write(0, ["a", "b"])
    with (tmp_path / "x").open("ab") as raw:
        raw.write(bytes(5000))
    file = LineFile(tmp_path / "x")
    assert content(file) == ["a", "b"]
    file.write(2, ["c"])
    assert (tmp_path / "x").read_bytes() == b"a\nb\nc\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
@pytest.mark.parametrize("kind", ["link", "pipe", "dangling link"])
def test_what_is_no_regular_file_is_neither_read_nor_written(tmp_path: Path, kind: str) -> None:
    (tmp_path / "foreign").write_text("theirs\n")
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / ("foreign" if kind == "link" else "new"))
    with pytest.raises(OSError):
        LineFile(path).write(0, ["mine"])
    assert (tmp_path / "foreign").read_text() == "theirs\n"
    assert not (tmp_path / "new").exists()


def test_encoding_keeps_one_line_per_line() -> None:
    assert encode(["a\n", "b\nc", "\ud800", "ü"], " ") == b"a\nb c\n\\ud800\n\xc3\xbc\n"


def test_huge_lines(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "x")
    huge = "x" * 3_000_000
    file.write(0, ["a", huge, "b"])
    file.write(1, [huge + "y"])
    assert [len(one) for one in file.iterate()] == [1, 3_000_001, 1]
    assert [line.decode() for line in file.tail(1)] == ["b"]

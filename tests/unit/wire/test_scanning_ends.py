"""The scanner ends, whatever the bytes, the stop, the limit and the growth; and gives every record once."""

from __future__ import annotations

import io
import os
import random
import struct
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runferry.wire.scanning import BLOCK, FILE_HEADER, HEADER, LONGEST_RECORD, MOST, TOO_LONG, ZEROS, Cut, Lost, Scanner
from support.framing import frame

MB = 1 << 20
HUGE = 200 << 30


def pieces() -> st.SearchStrategy[bytes]:
    """What a log may consist of: good logs, noise, zeros, chunks that claim too much, chunks of every kind."""
    seeds = st.integers(0, 2**32)
    good = st.tuples(seeds, st.lists(st.sampled_from([0, 3, 400, 32_700, 32_768, 70_000]), max_size=8)).map(
        lambda given: frame([random.Random(given[0] + n).randbytes(size) for n, size in enumerate(given[1])])[0]
    )
    noise = st.tuples(seeds, st.integers(0, 70_000)).map(lambda given: random.Random(given[0]).randbytes(given[1]))
    chunks = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 40)), max_size=20).map(
        lambda given: b"".join(chunk(kind, b"p" * size) for kind, size in given)
    )
    claims = st.integers(0, 65_535).map(lambda length: struct.pack("<IHB", 1, length, 2))
    return st.one_of(good, noise, chunks, claims, st.integers(0, 100_000).map(bytes))


def chunk(kind: int, payload: bytes) -> bytes:
    return struct.pack("<IHB", zlib.crc32(bytes([kind]) + payload), len(payload), kind) + payload


def logs() -> st.SearchStrategy[bytes]:
    return st.tuples(st.sampled_from([FILE_HEADER, b"", b"\0" * 7]), st.lists(pieces(), max_size=6)).map(
        lambda given: given[0] + b"".join(given[1])
    )


def read(
    scanner: Scanner, file: io.BytesIO, limit: int = MB, stop: int | None = None, patient: bool = False
) -> tuple[list[tuple[int, bytes]], list[Lost], Cut]:
    """All that is there before `stop`, in a number of reads that the size of the file bounds."""
    records, lost = [], []
    most = len(file.getvalue()) // min(limit, BLOCK) + 10
    for _ in range(most):
        cut = scanner.read(file, limit, stop, patient=patient)
        records += cut.records
        lost += cut.lost
        if cut.at_end or cut.at_stop:
            return records, lost, cut
    raise AssertionError(f"not at its end after {most} reads")


@settings(max_examples=600, deadline=None)
@given(logs(), st.lists(st.integers(0, 400_000), max_size=6), st.sampled_from([1, 5_000, BLOCK, MB]))
def test_any_bytes_with_any_stops_give_what_one_reading_gives(data: bytes, stops: list[int], limit: int) -> None:
    whole, _, _ = read(Scanner(), io.BytesIO(data))
    file, scanner, found = io.BytesIO(data), Scanner(), []
    for stop in stops:
        before = scanner.position
        records, _, cut = read(scanner, file, limit, stop)
        found += records
        assert all(place < max(stop, before + 1) for place, _ in records)
        assert cut.at_end or scanner.position >= min(stop, len(data)) or cut.at_stop
    found += read(scanner, file, limit)[0]
    assert found == whole


@settings(max_examples=600, deadline=None)
@given(
    logs(),
    st.lists(st.tuples(st.floats(0, 1), st.one_of(st.none(), st.integers(0, 300_000)), st.booleans()), max_size=6),
    st.sampled_from([1, BLOCK, MB]),
)
def test_any_growth_gives_every_record_once(
    data: bytes, steps: list[tuple[float, int | None, bool]], limit: int
) -> None:
    whole, _, _ = read(Scanner(), io.BytesIO(data))
    scanner, found, size = Scanner(), [], 0
    for share, stop, patient in steps:
        size = max(size, int(share * len(data)))
        found += read(scanner, io.BytesIO(data[:size]), limit, stop, patient)[0]
    found += read(scanner, io.BytesIO(data), limit)[0]
    places = [place for place, _ in found]
    assert places == sorted(set(places))
    assert set(found) >= set(whole)


@settings(max_examples=300, deadline=None)
@given(logs(), st.sampled_from([1, BLOCK, MB]))
def test_a_patient_reader_reports_no_damage_and_goes_on_from_there(data: bytes, limit: int) -> None:
    file, scanner = io.BytesIO(data), Scanner()
    patient, lost, cut = read(scanner, file, limit, patient=True)
    assert lost == []
    if cut.held is not None:
        assert scanner.position == cut.held
        assert read(scanner, file, limit, patient=True)[0] == []
    rest, _, _ = read(scanner, file, limit)
    assert patient + rest == read(Scanner(), io.BytesIO(data))[0]


@pytest.mark.parametrize("beyond", [1, BLOCK, 3 * BLOCK])
def test_a_record_that_straddles_the_stop_is_given_whole(beyond: int) -> None:
    data, places = frame([b"a" * 100, b"b" * 10 * BLOCK, b"c"])
    records, _, cut = read(Scanner(), io.BytesIO(data), stop=places[1][0] + beyond)
    assert [len(payload) for _, payload in records] == [100, 10 * BLOCK]
    assert cut.at_stop


def test_the_stop_inside_damage_ends_the_reading() -> None:
    data, _ = frame([b"a" * 100])
    scanner = Scanner()
    _, _, cut = read(scanner, io.BytesIO(data + bytes(100 * BLOCK)), stop=5 * BLOCK)
    assert cut.at_stop


def sparse(path: Path, size: int, behind: bytes = b"") -> Path:
    path.write_bytes(frame([b"first"])[0])
    try:
        os.truncate(path, size)
    except OSError as error:
        pytest.skip(f"this file system takes no sparse file of {size >> 30} GB: {error}")
    with path.open("ab") as file:
        file.write(behind)
    return path


@pytest.mark.parametrize("behind", [b"", chunk(1, b"last")])
def test_a_hole_is_not_read(tmp_path: Path, behind: bytes) -> None:
    log, scanner, records, lost = sparse(tmp_path / "run.wandb", HUGE, behind), Scanner(), [], []
    began = time.monotonic()
    with log.open("rb") as file:
        while True:
            cut = scanner.read(file, finished=True)
            records += [payload for _, payload in cut.records]
            lost += cut.lost
            if cut.at_end:
                break
    assert records == ([b"first", b"last"] if behind else [b"first"])
    assert [one.reason for one in lost] == [ZEROS]
    assert time.monotonic() - began < 10


def test_a_file_system_without_holes_gets_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "SEEK_DATA")
    log, scanner = sparse(tmp_path / "run.wandb", HUGE), Scanner()
    with log.open("rb") as file:
        for _ in range(20):
            began = time.thread_time()
            cut = scanner.read(file, 4 * MB)
            assert not cut.at_end
            assert time.thread_time() - began < 1
    assert scanner._next > 40 * MB


def test_bytes_that_cost_much_are_read_in_slices_of_time() -> None:
    data = FILE_HEADER + b"\x01\x01" * (8 * MB)  # at each place a chunk that might be one
    file, scanner = io.BytesIO(data), Scanner()
    for _ in range(3):
        began = time.thread_time()
        cut = scanner.read(file, 4 * MB)
        assert not cut.at_end
        assert time.thread_time() - began < 1
    assert 0 < scanner._next < len(data)


def test_records_without_number_are_read_in_slices() -> None:
    data, _ = frame([b""] * (3 * MOST))
    cut = Scanner().read(io.BytesIO(data), 16 * MB)
    assert MOST <= len(cut.records) < MOST + BLOCK // HEADER + 1
    assert not cut.at_end


class _Endless(io.RawIOBase):
    """A log of one record that never ends; made as it is read."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0
        piece = bytes(BLOCK - HEADER)
        self._first = FILE_HEADER + chunk(2, piece[: BLOCK - 2 * HEADER])
        self._middle = chunk(3, piece)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset if whence == 0 else self._size + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        first = self._at // BLOCK
        count = (self._at % BLOCK + size) // BLOCK + 1
        data = b"".join(self._middle if first + n else self._first for n in range(count))
        found = data[self._at % BLOCK :][: min(size, self._size - self._at)]
        self._at += len(found)
        return found


def test_a_record_beyond_all_measure_is_not_kept_in_memory() -> None:
    file, scanner, lost = _Endless(2 * LONGEST_RECORD), Scanner(), []
    while True:
        cut = scanner.read(file, 16 * MB, finished=True)  # type: ignore[arg-type]
        assert cut.records == []
        assert scanner._size <= LONGEST_RECORD
        lost += cut.lost
        if cut.at_end:
            break
    assert lost[0].reason == TOO_LONG
    assert lost[-1].end == 2 * LONGEST_RECORD

"""The scanner: every record whose bytes are whole, whatever is done to the rest."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runferry.wire.scanning import (
    BLOCK,
    FILE_START,
    HEADER,
    ORPHAN,
    TAIL,
    ZEROS,
    Cut,
    Lost,
    Scanner,
)
from support.framing import frame


def sizes() -> st.SearchStrategy[list[bytes]]:
    """Records of all sizes, some over several blocks, each with content of its own."""
    lengths = st.lists(st.one_of(st.integers(0, 400), st.integers(30_000, 34_000), st.just(100_000)), max_size=30)
    return lengths.map(lambda found: [random.Random(n * 1000 + size).randbytes(size) for n, size in enumerate(found)])


def read_all(data: bytes, finished: bool = True, limit: int = 1 << 20) -> tuple[list[bytes], list[Lost], Scanner, Cut]:
    scanner, file, records, lost = Scanner(), io.BytesIO(data), [], []
    while True:
        cut = scanner.read(file, limit, finished=finished)
        records += [payload for _, payload in cut.records]
        lost += cut.lost
        if cut.at_end:
            return records, lost, scanner, cut


@settings(max_examples=100, deadline=None)
@given(sizes())
def test_what_was_written_is_read(records: list[bytes]) -> None:
    data, places = frame(records)
    found, lost, scanner, cut = read_all(data)
    assert found == records
    assert (lost, cut.torn) == ([], 0)
    assert scanner.position == (places[-1][1] if places else HEADER)


@settings(max_examples=1000, deadline=None)
@given(sizes(), st.floats(0, 1))
def test_any_truncation_gives_a_prefix_and_is_no_damage(records: list[bytes], where: float) -> None:
    data, places = frame(records)
    size = int(where * len(data))
    found, lost, scanner, _ = read_all(data[:size])
    whole = [record for record, (_, end) in zip(records, places, strict=True) if end <= size]
    assert found == whole
    assert lost == []
    # What comes later is read from where it stopped.
    later = io.BytesIO(data)
    rest = []
    while True:
        cut = scanner.read(later)
        rest += [payload for _, payload in cut.records]
        if cut.at_end:
            break
    assert whole + rest == records


@settings(max_examples=1000, deadline=None)
@given(sizes(), st.floats(0, 1), st.integers(1, 3000), st.sampled_from(["noise", "zeros", "flip"]), st.integers(0, 99))
def test_damage_costs_at_most_the_records_that_it_touches(
    records: list[bytes], where: float, length: int, kind: str, seed: int
) -> None:
    data, places = frame(records)
    start = int(where * len(data))
    end = min(len(data), start + length)
    changed = bytearray(data)
    if kind == "noise":
        changed[start:end] = random.Random(seed).randbytes(end - start)
    elif kind == "zeros":
        changed[start:end] = bytes(end - start)
    elif start < end:
        changed[start] ^= 1 << seed % 8
    found, _, _, _ = read_all(bytes(changed))
    untouched = [
        record for record, (first, last) in zip(records, places, strict=True) if changed[first:last] == data[first:last]
    ]
    assert found == untouched


@pytest.mark.parametrize("finished", [True, False])
def test_a_damaged_length_near_the_end_does_not_hide_what_follows(finished: bool) -> None:
    data, places = frame([b"one", b"two", b"three"])
    changed = bytearray(data)
    at = places[1][0] + 4
    changed[at : at + 2] = (30_000).to_bytes(2, "little")  # as if the rest of a long chunk were still to come
    found, lost, _, _ = read_all(bytes(changed), finished)
    assert found == [b"one", b"three"]
    assert [(one.start, one.end) for one in lost] == [places[1]]


@settings(max_examples=200, deadline=None)
@given(sizes(), st.lists(st.integers(1, 50_000), min_size=1, max_size=20), st.sampled_from([1, 5000, 1 << 20]))
def test_a_growing_file_gives_the_same(records: list[bytes], steps: list[int], limit: int) -> None:
    data, _ = frame(records)
    scanner, found, size = Scanner(), [], 0
    ends = [sum(steps[: n + 1]) for n in range(len(steps))] + [len(data)]
    for size in (min(end, len(data)) for end in ends):
        at_end = False
        while not at_end:
            cut = scanner.read(io.BytesIO(data[:size]), limit)
            found += [payload for _, payload in cut.records]
            assert cut.lost == []
            at_end = cut.at_end
    assert found == records


def test_reading_stops_exactly_at_a_boundary() -> None:
    data, places = frame([bytes([n]) * (n * 400) for n in range(200)])
    for stop in (places[3][1], places[90][1], places[199][1]):
        scanner = Scanner()
        cut = scanner.read(io.BytesIO(data), stop=stop)
        while scanner.position < stop:
            cut = scanner.read(io.BytesIO(data), stop=stop)
        assert scanner.position == stop
        assert cut.records[-1][0] == next(start for start, end in places if end == stop)


def test_a_first_chunk_without_payload() -> None:
    """Seven bytes are left in the block: the record begins with a header and nothing else."""
    data, places = frame([b"a" * (BLOCK - 3 * HEADER), b"second"])
    assert places[1] == (BLOCK - HEADER, BLOCK + HEADER + 6)
    assert read_all(data)[0][1] == b"second"


def test_orphans_and_a_wrong_file_header_are_told() -> None:
    records = [b"a" * 100, b"b" * 70_000, b"c" * 100]
    data, places = frame(records)
    without_first = bytearray(data)
    start = places[1][0]
    without_first[start : start + HEADER] = b"\xff" * HEADER
    found, lost, _, _ = read_all(bytes(without_first))
    assert found == [records[0], records[2]]
    assert (lost[0].start, lost[-1].end) == places[1]
    block = bytearray(data[:BLOCK]) + bytearray(data[2 * BLOCK :])
    assert read_all(bytes(block))[0] != records  # the middle is missing: framing alone cannot tell
    found, lost, _, _ = read_all(b"XXXXXXX" + data[HEADER:])
    assert found == records
    assert lost == [Lost(0, HEADER, FILE_START)]
    orphan = struct.pack("<IHB", zlib.crc32(b"\x03abc"), 3, 3) + b"abc"
    found, lost, _, _ = read_all(data[: places[0][1]] + orphan)
    assert (found, lost[0].reason) == ([records[0]], ORPHAN)


def test_an_unreadable_end_is_waited_for_until_the_run_is_over() -> None:
    data, places = frame([b"a" * 100])
    for rubbish, reason in ((b"\x00" * 5000, ZEROS), (b"\xee" * 5000, TAIL)):
        scanner, file = Scanner(), io.BytesIO(data + rubbish)
        assert [len(scanner.read(file).records), len(scanner.read(file).records)] == [1, 0]
        assert scanner.position == places[0][1]
        cut = scanner.read(file, finished=True)
        assert cut.lost == [Lost(len(data), len(data) + 5000, reason)]
        assert scanner.read(file, finished=True).lost == []  # told once


def test_bytes_that_are_filled_in_later_are_read_then() -> None:
    """A file system may show the length before the content."""
    data, _ = frame([b"a" * 100, b"b" * 100])
    scanner = Scanner()
    assert len(scanner.read(io.BytesIO(data[:107] + bytes(len(data) - 107))).records) == 0
    assert [payload for _, payload in scanner.read(io.BytesIO(data)).records] == [b"a" * 100, b"b" * 100]


def test_something_else_entirely() -> None:
    for data in (b"", b"\x1f\x8b" + bytes(300), b"<!doctype html>" * 50, random.Random(1).randbytes(200_000)):
        assert read_all(data)[0] == []

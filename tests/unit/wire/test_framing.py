"""The block format, against a naive reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder_log import split
from runferry.wire.framing import BLOCK, FILE_HEADER, HEADER, chunk, chunks, padding


def _log(records: list[bytes]) -> bytes:
    data = FILE_HEADER
    for record in records:
        data += chunks(record, len(data))
    return data


def test_the_file_header_is_the_official_one() -> None:
    assert bytes.fromhex("3a572642e1be00") == FILE_HEADER


def test_an_empty_record_has_the_known_bytes() -> None:
    assert chunk(1, b"") == bytes.fromhex("1bdf05a5000001")


@given(st.lists(st.integers(0, 3 * BLOCK), max_size=8))
def test_any_sizes_come_back(sizes: list[int]) -> None:
    records = [bytes((at & 255,)) * size for at, size in enumerate(sizes)]
    assert split(_log(records)) == records


@pytest.mark.parametrize("left", range(16))
def test_each_rest_of_a_block(left: int) -> None:
    first = b"x" * (BLOCK - len(FILE_HEADER) - HEADER - left)
    for second in (b"", b"y", b"y" * 9, b"y" * 70000):
        data = _log([first, second, b"z"])
        assert split(data) == [first, second, b"z"]
        if left < HEADER:
            assert data[BLOCK - left : BLOCK] == bytes(left)


def test_a_header_that_just_fits_stands_alone() -> None:
    assert chunks(b"abc", BLOCK - 7)[:7] == chunk(2, b"")


def test_padding_reaches_the_next_block() -> None:
    assert [len(padding(at)) for at in (0, 1, BLOCK - 1, BLOCK)] == [0, BLOCK - 1, 1, 0]

"""Our encoder against google.protobuf, with classes made from the same table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder_log import CLASSES
from runferry.wire.encoding import encode, timestamp, varint
from runferry.wire.schema import MESSAGES

_LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    "bytes": st.binary(max_size=300),
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "sint64": st.integers(-(2**63), 2**63 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "double": st.floats(allow_nan=False),
    "enum": st.integers(0, 100),
}


def _values(name: str, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    fields = {}
    for field, (_, kind) in MESSAGES[name].items():
        inner = kind.strip("[]{}")
        if inner in _LEAVES:
            one = _LEAVES[inner]
        elif depth < 3:
            one = _values(inner, depth + 1)
        else:
            continue
        if kind[0] == "[":
            one = st.lists(one, max_size=3)
        elif kind[0] == "{":
            one = st.dictionaries(_LEAVES["string"], one, max_size=3)
        fields[field] = one
    return st.fixed_dictionaries({}, optional=fields)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_protobuf_reads_back_what_was_encoded(name: str) -> None:
    @given(_values(name))
    def check(values: dict[str, Any]) -> None:
        assert CLASSES[name].FromString(encode(name, values)) == CLASSES[name](**values)

    if name == "Record":  # its fields are all the other messages: the largest of them suffice
        return
    check()


def test_a_record_names_its_kind() -> None:
    record = CLASSES["Record"].FromString(encode("Record", {"num": 3, "exit": {}, "_info": {"stream_id": "x"}}))
    assert record.HasField("exit")
    assert (record.num, record._info.stream_id) == (3, "x")


def test_defaults_and_none_are_left_out() -> None:
    assert encode("RunRecord", {"run_id": "", "resume": False, "notes": None, "starting_step": 0}) == b""


def test_half_of_a_surrogate_pair_does_not_break_the_record() -> None:
    assert CLASSES["AlertRecord"].FromString(encode("AlertRecord", {"title": "a\ud800b"})).title == "a?b"


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(KeyError):
        encode("Empty", {"x": 1})


@pytest.mark.parametrize(
    ("number", "text"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**64 - 1, "ff" * 9 + "01")]
)
def test_varints(number: int, text: str) -> None:
    assert varint(number).hex() == text


def test_a_timestamp_is_kept_to_the_microsecond() -> None:
    assert timestamp(1795404461.599583) == {"seconds": 1795404461, "nanos": 599583000}

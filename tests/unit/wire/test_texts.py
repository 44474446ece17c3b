"""JSON and YAML text."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runferry.wire import json_text, yaml_text

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other


@given(_PLAIN)
def test_json_reads_back(value: Any) -> None:
    text = json_text.dumps(value)
    assert text.isascii()
    assert "\n" not in text
    assert _same(json.loads(text), value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (2**60, "1152921504606846976"),
        (10**24 - 1, "9" * 24),
        (10**24, "1e+24"),
        (-(10**23), "-1e+23"),
        ([10**30, "x"], '[1e+30,"x"]'),
        ("1" * 30, '"' + "1" * 30 + '"'),
        (10**400, '"' + hex(10**400) + '"'),
        ("\ud800", '"\\ufffd"'),
        ("a\\ud800", r'"a\\ud800"'),
        ("𝄞\udc00", r'"\ud834\udd1e\ufffd"'),
    ],
)
def test_json_forms(value: Any, text: str) -> None:
    assert json_text.dumps(value) == text


def test_an_integer_of_thousands_of_digits_is_text() -> None:
    assert json.loads(json_text.dumps({"n": 10**5000})) == {"n": hex(10**5000)}


@given(st.dictionaries(_TEXT, _PLAIN, max_size=4))
def test_yaml_reads_back(mapping: dict[str, Any]) -> None:
    assert _same(yaml.safe_load(yaml_text.dump(mapping)), mapping)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "null",
        "~",
        "1_000",
        "1e3",
        "0x1f",
        "12:30:45",
        "2020-01-01",
        "- a",
        "a: b",
        "#x",
        "",
        " ",
        "=",
        "<<",
        "on",
        ".nan",
        "1.",
        "+1",
        "a #b",
        "a:",
        "!x",
        "&a",
        "*a",
        "%",
        "@",
        "`",
        "'",
        '"',
        "{",
        "[",
        "?",
        "|",
        ">",
        "\x85",
    ],
)
def test_yaml_text_stays_text(text: str) -> None:
    assert yaml.safe_load(yaml_text.dump({text: {"value": text}})) == {text: {"value": text}}


def test_yaml_has_the_form_of_config_yaml() -> None:
    config = {"lr": {"value": 0.1}, "net": {"value": {"sizes": [1, {"a": 2}], "none": None, "odd": math.nan}}}
    assert yaml_text.dump(config) == (
        "lr:\n    value: 0.1\nnet:\n    value:\n        none: null\n        odd: .nan\n"
        "        sizes:\n            - 1\n            -\n                a: 2\n"
    )


def test_a_broken_character_does_not_break_the_file() -> None:
    assert yaml.safe_load(yaml_text.dump({"a": "x\ud800"})) == {"a": "x\ufffd"}

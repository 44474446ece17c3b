"""JSON text that can always be sent."""

from __future__ import annotations

import json
import math

from runferry.formats.json_text import dumps


def test_text_stays_readable() -> None:
    assert dumps({"ü": "☃🎉", "n": math.nan}) == '{"ü":"☃🎉","n":NaN}'


def test_half_a_pair_is_escaped() -> None:
    text = dumps({"s": "\ud83d x", "ü": 1})
    assert text.encode()
    assert json.loads(text) == {"s": "\ud83d x", "ü": 1}

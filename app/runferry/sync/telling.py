"""The one metric that is shown of a run where there is room for one: its loss, else what tells most."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from runferry.formats.rows import Tree

WISHED = ("loss", "accuracy", "acc", "reward", "score", "perplexity")
DEEPEST = 3
MOST = 500  # keys that are looked at


def telling_metric(summary: Tree) -> str:
    """Like "loss 0.231", by the summary's newest values; empty where none of them is a finite number."""
    found = []
    for number, (key, value) in enumerate(_numbers(summary, "", DEEPEST)):
        if number >= MOST:
            break
        found.append((_rank(key), number, key, value))
    if not found:
        return ""
    _, _, key, value = min(found)
    return f"{key} {value:.4g}"


def _rank(key: str) -> int:
    last = key.rpartition("/")[2].rpartition(".")[2].lower()
    for number, wished in enumerate(WISHED):
        if last == wished:
            return number
        if wished in last.split("_"):
            return len(WISHED) + number
    return 2 * len(WISHED)


def _numbers(tree: Tree, before: str, depth: int) -> Iterator[tuple[str, float]]:
    for label, node in tree.items():
        if label.startswith("_"):
            continue
        if isinstance(node, dict):
            if depth > 1:
                yield from _numbers(node, f"{before}{label}.", depth - 1)
            continue
        value = _number(node)
        if value is not None:
            yield before + label, value


def _number(text: str) -> float | None:
    if len(text) > 30 or not (text[:1].isdigit() or text[:1] == "-"):
        return None
    try:
        value = float(json.loads(text))
    except (ValueError, TypeError):
        return None
    return value if math.isfinite(value) else None

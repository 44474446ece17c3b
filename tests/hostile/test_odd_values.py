"""Every field of every record set to extremes, in logs with good checksums: each costs itself, and is told."""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runferry.status import RunStatus, SyncState
from runferry.wire.encoding import delimited
from runferry.wire.schema import MESSAGES
from support.in_process import Carrier, Record, carrying, item, log_of, put_log

STARTED = 1_760_000_000
TEXTS = [
    "", "x" * 300_000, "\x00", "\x1b[2J\r\n", "../../etc/passwd", "C:\\a:b?*", "\u202egnp.exe", "é" * 100, " ", "NaN",
    "9" * 5000, '"\\ud800"', "[" * 900 + "]" * 900, "[" * 100_000, '{"a":' * 900 + "1" + "}" * 900,
    '{"a":1,"a":{"b":NaN}}', "1e999", "-0", "1.0", "true", "null", '{"_type":"table-file"}', "{oops", "2020-01-01",
    '{"":{"":1}}',
]  # fmt: skip
INTEGERS = [-(2**63), -(2**31), -1, 1, 2**31 - 1, 2**53 + 1, 2**62, 2**63 - 1]
EXTREMES: dict[str, list[Any]] = {
    "string": TEXTS,
    "bytes": [b"\xff\xfe", b"\x80" * 100_000],
    "bool": [True],
    "double": [math.nan, math.inf, -math.inf, 1e308, 5e-324],
}
IS_LONG = os.environ.get("RUNFERRY_LONG") == "1"
NOT_VARIED = {("RunRecord", "run_id"), ("RunRecord", "entity"), ("RunRecord", "project")}  # where the run goes


def variants(message: str, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The message with one field at a time set to an extreme."""
    for name, (_, kind) in MESSAGES[message].items():
        if (message, name) in NOT_VARIED:
            continue
        inner = kind.strip("[]{}")
        if inner in MESSAGES:
            values: list[Any] = [{}, *variants(inner, depth + 1)] if depth < 4 else [{}]
        else:
            values = EXTREMES.get(inner, INTEGERS)
        for value in values:
            if kind[0] == "[":
                yield {name: [value, value]}
            elif kind[0] == "{":
                yield {name: dict.fromkeys(("", "x\x00"), value)}
            else:
                yield {name: value}


def row(number: int, *more: Record) -> Record:
    told = (("x", str(number)), ("_step", str(number)), ("_timestamp", f"{STARTED + number}.5"), ("_runtime", "1"))
    return {"history": {"item": [*(item(*one) for one in told), *more], "step": {"num": number}}}


def logged(run_id: str, records: list[Any], run: Record | None = None, end: Record | None = None) -> bytes:
    """A good run with these records in its middle."""
    whole = {"run_id": run_id, "project": "odd", "start_time": {"seconds": STARTED}, **(run or {})}
    return log_of([{"run": whole}, row(0), *records, row(1), row(2), {"exit": end or {"exit_code": 0, "runtime": 9}}])


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    with carrying(tmp_path) as running:
        yield running


KINDS = {name: kind for name, (_, kind) in MESSAGES["Record"].items() if name not in ("num", "control", "_info")}


def good_rows(carrier: Carrier, run_id: str) -> list[int]:
    """The rows that stand around the odd records, as the server has them."""
    path = carrier.data / "runs" / "local" / "odd" / run_id / "wandb-history.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        one["x"] for one in rows if isinstance(one.get("x"), int) and one.get("_timestamp") == STARTED + one["x"] + 0.5
    ]


def judged(carrier: Carrier, found: RunStatus, run_id: str) -> None:
    slug = (found.error or {}).get("slug", "")
    assert slug not in ("bug", "run-unreadable", "log-unreadable"), (run_id, found.error)
    # What servers refuse by itself (files that are not there, names of artifacts) is named, and all else is there.
    allowed = {"files": {"file-gone"}, "artifact": {"rejected", "artifact-file", "file-gone"},
               "link_artifact": {"artifact-reference", "rejected"}}.get(run_id.partition("-")[2], set())  # fmt: skip
    assert found.state is SyncState.VERIFIED or (found.state is SyncState.SENT and slug in allowed), (run_id, found)
    assert good_rows(carrier, run_id) == [0, 1, 2], run_id


def test_every_field_of_every_record(carrier: Carrier, tmp_path: Path) -> None:
    folders = {}
    for kind, message in KINDS.items():
        if kind in ("run", "exit", "tbrecord"):
            continue
        records = [{kind: one} for one in variants(message)]
        run_id = f"odd-{kind}"
        folders[run_id] = put_log(tmp_path / "wandb", run_id, logged(run_id, records))
    for number, one in enumerate(variants("RunRecord")):
        if number % 5 == 0:  # each is a run of its own: the first record of a run counts
            run_id = f"run{number}"
            folders[run_id] = put_log(tmp_path / "wandb", run_id, logged(run_id, [], run=one))
    for number, one in enumerate(variants("RunExitRecord")):
        run_id = f"exit{number}"
        folders[run_id] = put_log(tmp_path / "wandb", run_id, logged(run_id, [], end=one))
    found = {Path(one.path): one for one in carrier.sync(*folders.values())}
    for run_id, folder in folders.items():
        judged(carrier, found[folder], run_id)
    for run_id, word in (
        ("odd-history", "value"),
        ("odd-summary", "value"),
        ("odd-config", "value"),
        ("odd-stats", "time"),
    ):
        told = found[folders[run_id]].damage
        assert told is not None, run_id
        assert any(f"{word}s left out" in line for line in told.details), (run_id, told.details)


def test_records_that_are_none(carrier: Carrier, tmp_path: Path) -> None:
    """Unknown kinds, garbage behind a good checksum, texts that are no UTF-8, numbers without end."""
    broken = delimited(17, delimited(1, b"broken") + delimited(3, b"odd") + delimited(8, b"n\xff\xfe"))
    records = [
        b"\x08\x03" + delimited(77, b"of a later version"), b"\xff" * 50, b"", b"\x08\x03" + delimited(2, b"\xff" * 30),
        b"\x08\x03" + delimited(11, b"\x80" * 300_000), b"\x08\x03" + delimited(13, delimited(3, b"ab\xff\n")), broken,
    ]  # fmt: skip
    (found,) = carrier.sync(put_log(tmp_path / "wandb", "broken", logged("broken", records)))
    judged(carrier, found, "broken")
    assert found.name == "n��"
    assert found.damage is not None
    assert "record left out: of a kind that this version does not know" in "\n".join(found.damage.details)
    console = (carrier.data / "runs/local/odd/broken/output.log").read_text(encoding="utf-8")
    assert "ab�" in console


def test_one_bad_value_leaves_the_others_of_its_row(carrier: Carrier, tmp_path: Path) -> None:
    deep = "[" * 900 + "]" * 900
    bad = [
        item("deep", deep),
        item(("l",) * 5000, "1"),
        item("half", '"\\ud800"'),
        item("no", "nonsense"),
        item("y", "7"),
    ]
    config = {"update": [item("deep", deep), item("lr", "0.1"), item(("a",) * 5000, "1"), item("half", '"\\ud83d"')]}
    odd = {"history": {"item": [item("x", "5"), *bad]}}
    content = logged("one", [odd, {"config": config}, {"summary": {"update": bad}}])
    (found,) = carrier.sync(put_log(tmp_path / "wandb", "one", content))
    judged(carrier, found, "one")
    folder = carrier.data / "runs" / "local" / "odd" / "one"
    written = json.loads((folder / "wandb-history.jsonl").read_text(encoding="utf-8").splitlines()[1])
    assert {key: written[key] for key in ("x", "y", "half")} == {"x": 5, "y": 7, "half": "\ud800"}
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))["config"]
    assert (record["lr"], record["half"]) == ({"value": 0.1}, {"value": "\ud83d"})
    assert json.loads((folder / "wandb-summary.json").read_text(encoding="utf-8"))["y"] == 7
    assert found.damage is not None
    told = "\n".join(found.damage.details)
    assert "values left out: nested deeper than 100 levels (first: deep)" in told
    assert "values left out: no JSON (first: no)" in told


def test_steps_beyond_every_number(carrier: Carrier, tmp_path: Path) -> None:
    """The row has its step as it was written; those behind it are not touched by it."""
    odd = [
        {"history": {"item": [item("x", "9"), item("_step", text)]}} for text in ("1" + "0" * 30, "NaN", "-5", "1e30")
    ]
    (found,) = carrier.sync(put_log(tmp_path / "wandb", "steps", logged("steps", odd)))
    judged(carrier, found, "steps")
    assert found.rows == 7
    assert found.last_step == 2


@pytest.mark.timeout(900)
def test_random_mixtures(carrier: Carrier, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    choice = random.Random(seed)
    kinds = KINDS.keys() - {"run", "exit", "tbrecord", "files", "artifact", "link_artifact"}
    pool = [{kind: one} for kind in sorted(kinds) for one in variants(KINDS[kind])]
    folders = [
        put_log(tmp_path / "wandb", f"mix{number}", logged(f"mix{number}", choice.sample(pool, 40)))
        for number in range(300 if IS_LONG else 20)
    ]
    for one in carrier.sync(*folders):
        assert (one.state, one.error) == (SyncState.VERIFIED, None), one.path
        assert good_rows(carrier, one.run_id) == [0, 1, 2], one.path

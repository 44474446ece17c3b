"""The reader on logs made here: growth, forms of values, keys in odd places, replaced files."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runferry.errors import AppError
from runferry.formats.log_reader import LogReader
from runferry.formats.messages import CLASSES
from runferry.formats.odd_values import NO_JSON
from runferry.formats.summary import final_summary_json, is_behind, summary_json
from runferry.wire.scanning import FILE_HEADER

Record, Item = CLASSES["Record"], CLASSES["HistoryItem"]


def item(key: str | tuple[str, ...], json_text: str = "", **typed: Any) -> bytes:
    name = {"key": key} if isinstance(key, str) else {"nested_key": list(key)}
    return bytes(Item(value_json=json_text, **name, **typed).SerializeToString())


def history(*items: bytes, step: int | None = None) -> Any:
    record = Record()
    record.history.item.extend(items)
    if step is not None:
        record.history.step.num = step
    return record


def summary(*items: bytes, remove: tuple[bytes, ...] = ()) -> Any:
    record = Record()
    record.summary.update.extend(items)
    record.summary.remove.extend(remove)
    return record


def metric(name: str = "", glob: str = "", goal: int = 0, **flags: bool) -> Any:
    record = Record()
    record.metric.name, record.metric.glob_name, record.metric.goal = name, glob, goal
    for flag in flags:
        setattr(record.metric.summary, flag, True)
    return record


def write(path: Path, records: list[Any]) -> Path:
    """A log of small records, each a chunk of its own, all in the first block."""
    data = bytearray(FILE_HEADER)
    for number, record in enumerate(records, 1):
        if isinstance(record, bytes):
            payload = record
        else:
            record.num = number
            payload = record.SerializeToString()
        data += struct.pack("<IHB", zlib.crc32(b"\x01" + payload), len(payload), 1) + payload
    assert len(data) < 32768
    path.write_bytes(data)
    return path


def in_order(value: Any) -> str:
    """Text that is equal when the values are, NaN included."""
    return json.dumps(value, sort_keys=True)


def rows(path: Path) -> tuple[list[str], LogReader]:
    reader = LogReader(path)
    batch = reader.read(finished=True)
    assert batch.at_end
    return batch.history, reader


def test_values_are_copied_as_they_stand(tmp_path: Path) -> None:
    texts = [
        "NaN",
        "-Infinity",
        "1152921504606846976",
        "1.7953964521312745e+09",
        "1.50",
        '"é\\n\\u2603"',
        "null",
        "[1, 2]",
    ]
    found, reader = rows(
        write(tmp_path / "l", [history(item(("a",), text), item(("_step",), "3")) for text in texts * 2])
    )
    assert found == [f'{{"a":{text},"_step":3}}' for text in texts * 2]
    assert reader.content.last_step == 3


def test_keys_keep_dots_and_slashes_and_nest_by_labels(tmp_path: Path) -> None:
    odd = ('quote"', "tab\t", "back\\slash", "ключ", "", "a.b", "a/b", "l" * 300)
    for _ in range(2):  # the second row takes the remembered keys
        found, reader = rows(write(tmp_path / "l", [history(*(item((key,), "1") for key in odd))] * 2))
        assert [json.loads(line) for line in found] == [dict.fromkeys(odd, 1)] * 2
        assert set(reader.content.keys) == {(key,) for key in odd}
    nested = history(
        item(("n", "a"), "1"), item(("n", "b", "c"), "2"), item(("x",), "3"), item("whole", '{"d":{"e":4}}')
    )
    expected = {"n": {"a": 1, "b": {"c": 2}}, "x": 3, "whole": {"d": {"e": 4}}}
    assert [json.loads(line) for line in rows(write(tmp_path / "l", [nested] * 3))[0]] == [expected] * 3


def test_a_value_that_is_no_json_is_lost_and_nothing_else(tmp_path: Path) -> None:
    bad = history(item(("a",), "1"), item(("b",), "{oops"), item(("c",), '1,"d":2'), item(("e",), ""), step=7)
    found, reader = rows(write(tmp_path / "l", [history(item(("a",), "0"), item(("b",), "0")), bad]))
    assert [json.loads(line) for line in found] == [{"a": 0, "b": 0}, {"a": 1, "_step": 7}]
    assert reader.content.odd.count(NO_JSON) == 3


def test_a_key_given_twice_has_its_last_value(tmp_path: Path) -> None:
    twice = history(item(("a",), "1"), item(("b",), "2"), item(("a",), "3"))
    assert [json.loads(line) for line in rows(write(tmp_path / "l", [twice] * 2))[0]] == [{"a": 3, "b": 2}] * 2


def test_typed_values_win_over_their_json(tmp_path: Path) -> None:
    typed = history(
        item(("i",), integer=-(2**60)),
        item(("f",), "1", number=1.0),
        item(("nan",), number=float("nan")),
        item(("t",), text='say "é"'),
        item(("b",), "false", boolean=True),
        item(("z",), integer=0),
        item(("n",), none=0),
        item(("j",), json='{"k":[1]}'),
        step=4,
    )
    line = (
        '{"i":-1152921504606846976,"f":1.0,"nan":NaN,"t":"say \\"é\\"","b":true,"z":0,"n":null,"j":{"k":[1]},"_step":4}'
    )
    assert rows(write(tmp_path / "l", [typed] * 2))[0] == [line] * 2


@pytest.mark.parametrize("step", [0, 1, 10, 18, 127, 128, 130, 2314, 300_000, 2**40])
def test_the_step_comes_from_its_field_when_no_item_has_it(tmp_path: Path, step: int) -> None:
    found, reader = rows(write(tmp_path / "l", [history(item(("a",), "1"), step=step)] * 2))
    assert found == [f'{{"a":1,"_step":{step}}}'] * 2
    assert reader.content.last_step == step


def test_records_of_no_or_unknown_type_and_broken_ones_are_skipped(tmp_path: Path) -> None:
    odd = [Record(), b"\xfa\x3e\x02\x08\x01", b"\x12\x05\n\x7f", b"\xff\xff"]
    found, reader = rows(
        write(tmp_path / "l", [history(item(("a",), "1"), step=1), *odd, history(item(("a",), "2"), step=2)])
    )
    assert len(found) == 2
    assert (reader.content.records_unknown, reader.content.records_unreadable) == (2, 2)
    assert [(gap.reason, gap.after_step, gap.before_step) for gap in reader.content.gaps] == [
        ("not a record", 1, 2)
    ] * 2


def test_summary_updates_removals_and_keys_inside_keys(tmp_path: Path) -> None:
    records = [
        summary(item(("loss",), "1"), item(("n", "loss"), "5"), item("deep", '{"k":1}')),
        summary(item(("n", "loss"), "6"), item("loss", "2"), item(("deep", "m"), "2")),
        summary(item(("gone",), "1"), item("x", "1")),
        summary(item(("x",), "2"), remove=(item("gone", ""),)),
        summary(item("loss", "3")),
        summary(item("n", "4")),
        summary(item(("n", "q"), "7")),
    ]
    reader = rows(write(tmp_path / "l", records))[1]
    assert reader.content.summary.value() == {"loss": 3, "n": {"q": 7}, "deep": {"k": 1, "m": 2}, "x": 2}


def test_config_objects_merge(tmp_path: Path) -> None:
    def config(*items: bytes) -> Any:
        record = Record()
        record.config.update.extend(items)
        return record

    records = [config(item("m", '{"a":1,"b":{"c":2}}')), config(item("m", '{"b":{"d":3}}'), item(("m", "e"), "4"))]
    reader = rows(write(tmp_path / "l", [*records, config(item("m", "{}"), item("n", "{}"))]))[1]
    assert reader.content.config.value() == {"m": {"a": 1, "b": {"c": 2, "d": 3}, "e": 4}, "n": {}}


def test_the_summary_is_derived_where_the_records_lag(tmp_path: Path) -> None:
    records = [
        metric("loss", min=True, max=True, mean=True),
        metric("acc", best=True, goal=2),
        metric(glob="val/*", last=True),
        metric("hidden", none=True),
        summary(item("by_hand", '"kept"'), item("_step", "0"), item("a", "0")),
    ]
    for step, loss in enumerate((4.0, 1.0, 7.0)):
        values = {"loss": loss, "acc": step, "val/x": step, "hidden": step, "a": step, "_step": step}
        records.append(history(*(item((key,), json.dumps(value)) for key, value in values.items())))
    path = write(tmp_path / "l", records)
    content = rows(path)[1].content
    assert is_behind(content)
    assert json.loads(summary_json(content)) == {"by_hand": "kept", "_step": 0, "a": 0}
    assert json.loads(final_summary_json(path, content)) == {
        "by_hand": "kept",
        "loss": {"min": 1.0, "max": 7.0, "mean": 4.0},
        "acc": {"best": 2},
        "val/x": {"last": 2},
        "a": 2,
        "_step": 2,
    }


def test_a_truncated_or_replaced_file_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "l", [history(item(("a",), str(n)), step=n) for n in range(20)])
    reader = LogReader(path)
    assert len(reader.read().history) == 20
    write(path, [history(item(("b",), str(n)), step=n) for n in range(5)])
    assert reader.read().replaced
    assert len(reader.read().history) == reader.content.rows == 5
    path.unlink()
    with pytest.raises(AppError) as caught:
        reader.read()
    assert caught.value.slug == "log-unreadable"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(1, 120_000), min_size=1, max_size=8), name=st.sampled_from(["0.31.0", "0.12.21"]))
def test_reading_while_it_grows_is_reading_at_once(logs: Path, tmp_path: Path, steps: list[int], name: str) -> None:
    data = (logs / f"{name}-base-0.wandb").read_bytes()
    whole = LogReader(logs / f"{name}-base-0.wandb")
    expected = whole.read(1 << 30)
    reader, path = LogReader(tmp_path / "l"), tmp_path / "l"
    history, events, console, size = [], [], [], 0
    for step in [*steps, len(data)]:
        size = min(size + step, len(data))
        path.write_bytes(data[:size])
        while True:
            batch = reader.read(1)
            history += batch.history
            events += batch.events
            console += batch.console
            if batch.at_end:
                break
    assert (history, events, console) == (expected.history, expected.events, expected.console)
    assert in_order(reader.content.summary.value()) == in_order(whole.content.summary.value())
    assert in_order(reader.content.config.value()) == in_order(whole.content.config.value())
    assert reader.content.counts == whole.content.counts


def test_links_of_old_logs_and_what_newer_clients_write_in_their_place(tmp_path: Path) -> None:
    old, empty = Record(), Record()
    old.link_artifact.client_id, old.link_artifact.portfolio_name = "c1", "registry"
    old.link_artifact.portfolio_aliases.extend(["prod", "best"])
    empty.link_artifact.SetInParent()
    reader = LogReader(write(tmp_path / "run-x.wandb", [empty, old]))
    batch = reader.read()
    (link,) = batch.links
    assert (link.index, link.client_id, link.portfolio, link.aliases) == (0, "c1", "registry", ("prod", "best"))
    assert reader.content.counts["link_artifact"] == 2

"""Folders by wandb 0.8: what is in them is read as from any log, whole, growing or damaged."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from runferry.errors import TemporaryError
from runferry.formats.damage import damage_report
from runferry.formats.detect import RunFolder, RunKind, identify
from runferry.formats.entries import Batch
from runferry.formats.inspect import inspect
from runferry.formats.legacy import LegacyReader
from runferry.formats.legacy_files import parse_config
from runferry.formats.legacy_lines import lines_in
from runferry.formats.liveness import Life, run_state
from runferry.formats.summary import final_summary_value
from runferry.holders import Holder, Holding
from runferry.status import RunState

STATES = {"finished": RunState.FINISHED, "failed": RunState.FAILED}


def read(folder: Path, size: int = 1 << 20, finished: bool = True) -> tuple[LegacyReader, Batch]:
    """Everything in one batch."""
    reader = LegacyReader(folder / "wandb-history.jsonl")
    whole = Batch(0, 0)
    at_end = False
    while not at_end:
        batch = reader.read(size, finished=finished)
        at_end = batch.at_end
        whole.end = batch.end
        for name in ("history", "steps", "events", "console", "files"):
            getattr(whole, name).extend(getattr(batch, name))
    return reader, whole


def plain(value: Any) -> Any:
    """As the truth files write values."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"__float__": str(value)}
    if isinstance(value, str) and len(value) > 2000:
        return {"len_chars": len(value)}
    return value


def without_digests(value: Any) -> Any:
    if isinstance(value, dict):
        if "len_chars" in value:
            return {"len_chars": value["len_chars"]}
        return {key: without_digests(inner) for key, inner in value.items()}
    return [without_digests(one) for one in value] if isinstance(value, list) else value


def test_everything_that_the_truth_knows(legacy: dict[str, Path], legacy_truths: dict[str, Any]) -> None:
    assert legacy.keys() == legacy_truths.keys()
    for name, truth in legacy_truths.items():
        reader, batch = read(legacy[name], 20_000)
        content, told = reader.content, truth["wandb-metadata.json"]
        assert (content.rows, len(batch.history)) == (truth["history"]["rows"],) * 2, name
        assert (content.first_step, content.last_step) == (
            truth["history"]["first_step"],
            truth["history"]["last_step"],
        )
        assert {key[0] for key in content.keys} == {one["path"][0] for one in truth["history"]["keys"]}
        assert len(batch.events) == content.events == (truth["events"] or {"rows": 0})["rows"]
        assert (content.run.name, content.run.notes, content.run.job_type, content.run.project, content.run.host) == (
            told["name"], told["notes"], told["jobType"], told["project"], told["host"],
        )  # fmt: skip
        assert (content.exit_code, content.writer) == (told.get("exitcode"), "wandb 0.8.36"), name
        assert not content.gaps
        config = {key: one["value"] for key, one in truth["config"].items() if key != "wandb_version"}
        assert plain(content.config.value()) == config, name
        if "wandb-summary.json" in truth:
            assert plain(content.summary.value()) == without_digests(truth["wandb-summary.json"]), name
        on_disk = set(truth["files_on_disk"]) - {
            "wandb-history.jsonl", "wandb-events.jsonl", "config.yaml", "wandb-summary.json", "output.log",
        }  # fmt: skip
        assert {one.path for one in batch.files} == on_disk, name
        text = "".join(chunk.text for chunk in batch.console)
        assert text.encode() == (legacy[name] / "output.log").read_bytes()
        assert content.environment.program == told["program"]
        assert list(content.environment.args) == told["args"]


def test_rows_are_the_lines_of_the_file(legacy: dict[str, Path]) -> None:
    _, batch = read(legacy["0.8.36-base-0"], 1000)
    assert batch.history == (legacy["0.8.36-base-0"] / "wandb-history.jsonl").read_text().splitlines()


def test_a_killed_run_has_its_summary_brought_up_to_the_last_row(legacy: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / legacy["0.8.36-live-0"].name
    shutil.copytree(legacy["0.8.36-live-0"], folder)  # its summary was being rewritten when it was copied: empty
    assert (folder / "wandb-summary.json").read_bytes() == b""
    reader, batch = read(folder)
    value = final_summary_value(reader.path, reader.content, reader.position)
    last = json.loads(batch.history[-1])
    assert {key: value[key] for key in last} == last
    assert "image" in value  # logged long before


def test_how_it_ended(legacy: dict[str, Path], legacy_truths: dict[str, Any]) -> None:
    for name, truth in legacy_truths.items():
        folder = identify(legacy[name])
        assert isinstance(folder, RunFolder)
        assert folder.kind is RunKind.LEGACY
        content = read(legacy[name])[0].content
        state = run_state(folder, content, Life(1e10, 1e10 - 1000))
        assert state is STATES.get(truth["wandb-metadata.json"]["state"], RunState.UNKNOWN), name


class _Here:
    """The machine that the fixtures were made on, with or without somebody who holds the files."""

    def __init__(self, held: bool) -> None:
        self.held = held

    def identity(self) -> dict[str, Any]:
        return {"host": "fixturebox"}

    def holding(self, log: Path, since: float | None = None) -> Holding:
        assert log.name == "wandb-history.jsonl"
        return Holding((Holder(os.getpid(), 1, os.getppid(), 3, os.getuid(), False),) if self.held else ())


@pytest.mark.parametrize(("held", "state"), [(True, RunState.RUNNING), (False, RunState.CRASHED)])
def test_a_run_on_this_host_lives_while_its_history_is_held_open(
    legacy: dict[str, Path], held: bool, state: RunState
) -> None:
    folder = identify(legacy["0.8.36-kill-0"])
    assert isinstance(folder, RunFolder)
    content = read(folder.path, finished=False)[0].content
    assert run_state(folder, content, Life(1000.0, 900.0), _Here(held)) is state


def test_ctrl_c_is_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / "dryrun-20201123_011411-abcd1234"
    folder.mkdir()
    (folder / "wandb-metadata.json").write_text('{"state": "killed", "exitcode": 255}')
    found = identify(folder)
    assert isinstance(found, RunFolder)
    content = read(folder)[0].content
    assert (content.exit_code, run_state(found, content, Life(0, 0))) == (255, RunState.KILLED)


def test_it_is_followed_while_it_grows(legacy: dict[str, Path], tmp_path: Path) -> None:
    before, after = legacy["0.8.36-live-0"], legacy["0.8.36-live_final-0"]
    folder = tmp_path / after.name
    shutil.copytree(before, folder)
    reader = LegacyReader(folder / "wandb-history.jsonl")
    first = reader.read()
    assert (len(first.history), reader.content.exit_code, first.at_end) == (160, None, True)
    assert not reader.read().history
    for one in ("wandb-history.jsonl", "output.log", "wandb-events.jsonl", "wandb-summary.json", "wandb-metadata.json"):
        shutil.copyfile(after / one, folder / one)
    second = reader.read()
    assert not second.replaced
    assert first.history + second.history == (after / "wandb-history.jsonl").read_text().splitlines()
    assert (reader.content.exit_code, reader.content.events, reader.content.summary.value()["_step"]) == (0, 1, 598)
    text = "".join(chunk.text for chunk in (*first.console, *second.console))
    assert text.encode() == (after / "output.log").read_bytes()


def test_a_torn_last_line_is_waited_for_and_no_damage_in_the_end(tmp_path: Path) -> None:
    log = tmp_path / "wandb-history.jsonl"
    log.write_text('{"a": 1, "_timestamp": 1.0, "_step": 0}\n{"a": 2, "_times')
    reader = LegacyReader(log)
    assert len(reader.read().history) == 1
    assert not reader.read(finished=True).history
    assert (reader.torn, reader.content.gaps) == (16, [])
    with log.open("a") as file:
        file.write('tamp": 2.0, "_step": 1}')
    assert not reader.read().history  # its line break may still come
    assert reader.read(finished=True).history == ['{"a": 2, "_timestamp": 2.0, "_step": 1}']
    assert reader.content.rows == 2


def test_a_replaced_file_is_read_from_the_front(tmp_path: Path) -> None:
    log = tmp_path / "wandb-history.jsonl"
    log.write_text('{"_step": 0}\n{"_step": 1}\n')
    reader = LegacyReader(log)
    reader.read()
    log.write_text('{"_step": 7}\n')
    assert reader.read().replaced
    assert reader.read().steps == [7]


def test_what_is_lost_is_told_with_its_place(tmp_path: Path) -> None:
    good = '{"a": 1, "_timestamp": 1.0, "_step": %d}\n'
    log = tmp_path / "dryrun-20201123_011411-abcd1234" / "wandb-history.jsonl"
    log.parent.mkdir()
    log.write_bytes((good % 0).encode() + b"\0" * 100 + b"\n" + b"[1]\n" + (good % 5).encode())
    reader, batch = read(log.parent)
    assert batch.steps == [0, 5]
    assert [(gap.reason, gap.after_step, gap.before_step) for gap in reader.content.gaps] == [
        ("zeros", 0, 5),
        ("not a row", 0, 5),
    ]
    report = damage_report(reader.content)
    assert report is not None
    assert (report.gaps, report.bytes, report.rows) == (2, 103, 2)


def test_rows_on_either_side_of_a_lost_line_break_are_kept() -> None:
    row = b'{"a": {"b": 1}, "_timestamp": 1.0, "_step": 1}'
    found = list(lines_in(row + b"\x80" + row + b'{"a": {"b', 100))
    assert [one.text for one in found if one.lost is None] == [row.decode()] * 2
    assert [(one.lost.start - 100, one.lost.end - 100) for one in found if one.lost] == [
        (len(row), len(row) + 1),
        (2 * len(row) + 1, 2 * len(row) + 10),
    ]


def test_a_broken_config_costs_one_key_and_foreign_objects_are_no_obstacle() -> None:
    text = (
        b"wandb_version: 1\n\na:\n  desc: null\n  value: 1\nb:\n  desc: {\n  value: 2\nc:\n  desc: null\n  value: x\n"
    )
    assert parse_config(text) == ({"a": 1, "c": "x"}, True)
    text = b"t:\n  desc: null\n  value: !!python/tuple\n  - 1\n  - 2\nbare: 3\nday:\n  value: 2020-02-02\n"
    values, lost = parse_config(text)
    assert (values["t"], values["bare"], lost) == ([1, 2], 3, False)


def test_inspect_tells_it(legacy: dict[str, Path]) -> None:
    found = inspect(legacy["0.8.36-base-0"])
    assert (found.rows, found.exit_code, found.writer, found.damage) == (300, 0, "wandb 0.8.36", None)
    assert found.console_lines > 10


def test_a_folder_that_is_gone_is_temporary(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError):
        LegacyReader(tmp_path / "dryrun-20201123_011411-x" / "wandb-history.jsonl").read()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_costs_at_most_the_rows_that_it_touches(tmp_path: Path, data: st.DataObject) -> None:
    rows = [
        json.dumps({"x": {"y": index}, "t": "é\n" * (index % 3), "_timestamp": 1.5, "_step": index})
        for index in range(20)
    ]
    text = bytearray("".join(row + "\n" for row in rows).encode())
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, min(len(text), start + 200)))
    text[start:end] = data.draw(st.binary(min_size=end - start, max_size=end - start))
    log = tmp_path / "wandb-history.jsonl"
    log.write_bytes(bytes(text))
    _, batch = read(tmp_path, data.draw(st.sampled_from([50, 10_000])))
    untouched, at = [], 0
    for row in rows:
        if at + len(row) <= start or at >= end:
            untouched.append(row)
        at += len(row) + 1
    assert [row for row in batch.history if row in untouched] == untouched

"""Every log by a real client says what the official reader found in it."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from runferry.formats.entries import Batch
from runferry.formats.log_reader import LogReader


@functools.cache
def read(path: Path, size: int = 1 << 20, finished: bool = True) -> tuple[LogReader, list[Batch]]:
    reader = LogReader(path)
    batches = [reader.read(size, finished=finished)]
    while not batches[-1].at_end:
        batches.append(reader.read(size, finished=finished))
    return reader, batches


def lines(batches: list[Batch]) -> list[str]:
    return [line for batch in batches for line in batch.history]


def plain(value: Any) -> Any:
    """As the truth files write values: long texts by their digest, non-finite numbers by name."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"__float__": str(value)}
    if isinstance(value, str) and len(value) > 2000:
        digest = hashlib.sha256(value.encode()).hexdigest()
        return {"len_chars": len(value), "sha256_utf8": digest, "head": value[:120]}
    return value


def at(row: dict[str, Any], path: list[str]) -> tuple[bool, Any]:
    """Whether the path is in the row, and the value there."""
    node: Any = row
    for label in path:
        if not isinstance(node, dict) or label not in node:
            return False, None
        node = node[label]
    return True, node


@pytest.fixture(scope="session")
def names(truths: dict[str, Any]) -> list[str]:
    assert len(truths) == 88
    return list(truths)


def test_counts_and_steps(logs: Path, truths: dict[str, Any], names: list[str]) -> None:
    for name in names:
        truth = truths[name]
        reader, batches = read(logs / f"{name}.wandb")
        content = reader.content
        assert len(lines(batches)) == content.rows == truth["history"]["rows"], name
        assert (content.first_step, content.last_step) == (
            truth["history"]["first_step"],
            truth["history"]["last_step"],
        ), name
        assert sum(len(batch.console) for batch in batches) == truth["output_records"] + truth["output_raw_records"]
        assert content.counts == truth["records"], name
        assert sum(len(batch.events) for batch in batches) == truth["stats_records"]
        assert not content.gaps, name
        assert (content.records_unknown, content.records_unreadable, content.odd.details()) == (0, 0, []), name


def test_the_run_and_how_it_ended(logs: Path, truths: dict[str, Any], names: list[str]) -> None:
    for name in names:
        truth = truths[name]
        content = read(logs / f"{name}.wandb")[0].content
        run, expected = content.run, truth["run"]
        assert (run.run_id, run.entity, run.project) == (expected["run_id"], expected["entity"], expected["project"])
        assert (run.name, run.notes, list(run.tags)) == (expected["display_name"], expected["notes"], expected["tags"])
        assert (run.group, run.job_type, run.host) == (expected["group"], expected["job_type"], expected["host"])
        assert (run.git_remote or None, run.git_commit or None) == (expected["git_remote"], expected["git_commit"])
        assert content.writer == f"wandb {truth['wandb_version']}"
        exited = truth["exit"] or {"exit_code": None, "runtime": None}
        assert (content.exit_code, content.exit_runtime) == (exited["exit_code"], exited["runtime"]), name


def test_config_and_summary_records(logs: Path, truths: dict[str, Any], names: list[str]) -> None:
    for name in names:
        content = read(logs / f"{name}.wandb")[0].content
        config = plain(content.config.value())
        if "-features-" in name:  # wandb-core merges objects of the config, the tool that made the truth replaces them
            assert config["_wandb"]["visualize"], name
            config["_wandb"] = {"code_path": config["_wandb"]["code_path"]}
        assert config == truths[name]["config"], name
        assert plain(content.summary.value()) == truths[name]["summary_from_records"], name


def test_every_key_in_as_many_rows_with_the_same_last_value(
    logs: Path, truths: dict[str, Any], names: list[str]
) -> None:
    for name in names:
        truth = truths[name]["history"]["keys"]
        reader, batches = read(logs / f"{name}.wandb")
        rows = [json.loads(line) for line in lines(batches)]
        assert {tuple(entry["path"]) for entry in truth} == set(reader.content.keys), name
        for entry in truth:
            found = [value for there, value in (at(row, entry["path"]) for row in rows) if there]
            assert len(found) == entry["rows"], (name, entry["path"])
            if isinstance(entry["last_value_json"], str):
                assert plain(found[-1]) == plain(json.loads(entry["last_value_json"])), (name, entry["path"])


def test_metrics_files_artifacts_alerts(logs: Path, truths: dict[str, Any], names: list[str]) -> None:
    for name in names:
        truth = truths[name]
        reader, batches = read(logs / f"{name}.wandb")
        rules = {(rule.name, rule.glob): rule for rule in reader.content.metrics}
        expected = {(one["name"], one["glob_name"]): one for one in truth["metrics"]}
        assert rules.keys() == expected.keys(), name
        for key, one in expected.items():
            rule = rules[key]
            assert (rule.step_metric, rule.hidden, rule.step_sync, rule.goal) == (
                one["step_metric"],
                one["hidden"],
                one["step_sync"],
                one["goal"],
            ), (name, key)
            assert sorted(rule.summary) == sorted(one["summary"]), (name, key)
        policies = {"now": 0, "end": 1, "live": 2}
        files = {entry.path: policies[entry.policy] for batch in batches for entry in batch.files}
        assert files == {path: one["policy"] for path, one in truth["files"].items()}, name
        artifacts = [(entry.name, entry.type) for batch in batches for entry in batch.artifacts]
        assert artifacts == [(one["name"], one["type"]) for one in truth["artifacts"]], name
        alerts = [(one.title, one.text, one.level) for batch in batches for one in batch.alerts]
        assert alerts == [(one["title"], one["text"], one["level"]) for one in truth["alerts"]], name


def test_system_metrics_have_the_keys(logs: Path, truths: dict[str, Any], names: list[str]) -> None:
    for name in names:
        found: Counter[str] = Counter()
        for batch in read(logs / f"{name}.wandb")[1]:
            for line in batch.events:
                row = json.loads(line)
                assert row.pop("_wandb") is True
                assert 0 <= row.pop("_runtime") < 1000
                assert row.pop("_timestamp") > 1.7e9
                assert all(key.startswith("system.") for key in row)
                found.update(key.removeprefix("system.") for key in row)
        flat = {key: count for key, count in truths[name]["stats_keys"].items() if key != "network"}
        assert {key: found[key] for key in flat} == flat, name
        if "network" in truths[name]["stats_keys"]:
            assert found["network.sent"] == found["network.recv"] == truths[name]["stats_keys"]["network"]


def test_lines_equal_what_wandb_sync_sends(logs: Path, sent: dict[str, Any]) -> None:
    """Up to 0.17 the official client may lose the last row, which stands behind the exit record: ours has it."""
    assert len(sent) == 10
    for version, record in sent.items():
        reader, batches = read(logs / f"{version}-base-0.wandb")
        ours = [plain(json.loads(line)) for line in lines(batches)]
        theirs = [plain(json.loads(line)) for line in record["history_lines"]]
        assert len(ours) - len(theirs) in ((0,) if version >= "0.18" else (0, 1)), version
        assert ours[: len(theirs)] == theirs, version
        events = [plain(json.loads(line)) for batch in batches for line in batch.events]
        if record["events_lines"]:
            assert events == [plain(json.loads(line)) for line in record["events_lines"]]
        if version >= "0.18":
            assert plain(reader.content.summary.value()) == plain(json.loads(record["summary_line"])), version


def test_every_row_whose_bytes_are_untouched(damaged: Path) -> None:
    expected = json.loads((damaged / "rows.json").read_text())
    assert len(expected) == 44
    for name, rows in expected.items():
        batches = read(damaged / f"{name}.wandb")[1]
        assert len(lines(batches)) == rows, name
        for line in lines(batches):
            json.loads(line)

"""Every run that a real client wrote, 0.8 to 0.31, arrives with everything that is known to be in it.

The folders are those of the fixtures, all in one tree, synced by one call; a run that was copied while it went on is
synced first as it was then, and again with the rest when it had grown.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from support import stores
from support.folders import legacy_folders, load, logs, put
from support.processes import Server, runferry

PROJECT = "fixtures"


def comparable(value: Any) -> Any:
    """As the truth files write values, from what `stores` reads: non-finite by name, long texts by digest."""
    if isinstance(value, dict):
        if "non-finite" in value:
            return {"__float__": str(float(value["non-finite"]))}
        return {key: comparable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, str) and len(value) > 2000:
        digest = hashlib.sha256(value.encode()).hexdigest()
        return {"len_chars": len(value), "sha256_utf8": digest, "head": value[:120]}
    return value


def at(row: dict[str, Any], path: list[str]) -> tuple[bool, Any]:
    node: Any = row
    for label in path:
        if not isinstance(node, dict) or label not in node:
            return False, None
        node = node[label]
    return True, node


def check_rows(name: str, rows: list[dict[str, Any]], truth: dict[str, Any]) -> None:
    assert len(rows) == truth["rows"], name
    assert (rows[0]["_step"], rows[-1]["_step"]) == (truth["first_step"], truth["last_step"]), name
    for entry in truth["keys"]:
        found = [value for there, value in (at(row, entry["path"]) for row in rows) if there]
        assert len(found) == entry["rows"], (name, entry["path"])
        if isinstance(entry["last_value_json"], str):
            assert comparable(found[-1]) == comparable(stores.parse(entry["last_value_json"])), (name, entry["path"])


def check_record(name: str, stored: stores.Stored, truth: dict[str, Any], code: int | None) -> None:
    run = truth["run"]
    record = stored.record
    assert (record["display_name"], record["notes"]) == (run["display_name"], run["notes"]), name
    assert record["exit_code"] == code, name
    config = comparable({key: value for key, value in stored.config.items() if key != "_wandb"})
    wanted = {
        key: one["value"] if "wandb_version" in truth["config"] else one
        for key, one in truth["config"].items()
        if key not in ("_wandb", "wandb_version")
    }
    assert config == wanted, name


def check_summary(name: str, stored: stores.Stored, wanted: dict[str, Any]) -> None:
    summary = comparable(stored.summary)
    for key, value in wanted.items():
        if key != "_wandb":
            assert summary.get(key) == value, (name, key)


def test_every_run_arrives_with_its_truth(server: Server, work: Path) -> None:
    truths, packed = load("runs-truth.json.xz"), logs("runs.tar.xz")
    legacy_truths, legacy = load("legacy-truth.json.xz"), legacy_folders(work / "old")
    growing = {name: truth for name, truth in truths.items() if "-live-" in name}
    assert len(growing) == 9
    for name, truth in growing.items():
        put(work / "wandb", truth, packed[name])
    first = runferry("sync", work / "wandb", "--json", "--project", PROJECT, **server.environ)
    reported = {one["run_id"]: one for one in first.objects}
    for name, truth in growing.items():
        rows = stores.read(server.data, truth["run"]["run_id"], PROJECT).rows
        assert len(rows) == truth["history"]["rows"], name
        assert reported[truth["run"]["run_id"]]["damage"] is None, name

    for name, truth in truths.items():
        if name not in growing:
            put(work / "wandb", truth, packed[name])
    (legacy.pop("0.8.36-live-0")).rename(work / "gone")  # a copy, shorter, of live_final
    (work / "gone").rename(work / "elsewhere")
    done = runferry("sync", work, "--json", timeout=120, **server.environ)
    assert len(done.objects) == len(truths) - len(growing) + len(legacy)
    states: dict[str, set[str]] = defaultdict(set)
    for one in done.objects:
        assert one["damage"] is None, one
        states[one["run_id"]].add(one["state"] if one["state"] == "verified" else (one["error"] or {}).get("slug"))

    together: dict[str, list[str]] = defaultdict(list)
    for name, truth in {**truths, **legacy_truths}.items():
        if "-live-" not in name:
            together[truth["run"]["run_id"]].append(name)
    for run_id, names in together.items():
        stored = stores.read(server.data, run_id, PROJECT)
        told = {**truths, **legacy_truths}
        if len(names) > 1:  # fragments of one run: each keeps its rows, in its order
            assert len(stored.rows) == sum(told[name]["history"]["rows"] for name in names), names
            continue
        (name,) = names
        truth = told[name]
        check_rows(name, stored.rows, truth["history"])
        code = truth["exit"]["exit_code"] if truth["exit"] else None
        check_record(name, stored, truth, code)
        is_old = name.startswith("0.8.")
        check_summary(name, stored, truth["wandb-summary.json"] if is_old else truth["summary_from_records"])
        events = truth["events"] or {"rows": 0} if is_old else {"rows": truth["stats_records"]}
        assert len(stored.events) == events["rows"], name
        wanted = {"artifact-file-gone"} if truth.get("artifacts") else {"verified"}  # staged elsewhere, and not here
        assert states[run_id] == wanted, name


def test_a_legacy_folder_arrives_as_the_truth_says(server: Server, work: Path) -> None:
    folder = legacy_folders(work)["0.8.36-exit1-0"]
    done = runferry("sync", folder, "--json", **server.environ)
    assert (done.code, done.object["state"], done.object["run_state"]) == (0, "verified", "failed"), done.err
    stored = stores.read(server.data, "5npkemuc", PROJECT)
    lines = (folder / "wandb-history.jsonl").read_text().splitlines()
    assert stored.rows == [stores.parse(one) for one in lines]
    assert stored.summary == stores.parse((folder / "wandb-summary.json").read_text())
    metadata = json.loads((folder / "wandb-metadata.json").read_text())
    assert json.loads(stored.files["wandb-metadata.json"]) == metadata
    assert stored.files["model-notes.txt"] == (folder / "model-notes.txt").read_bytes()
    images = [name for name in stored.files if name.startswith("media/")]
    assert sorted(images) == sorted(p.relative_to(folder).as_posix() for p in folder.glob("media/*/*"))
    assert stored.config["_wandb"]["cli_version"] == "0.8.36"
    assert any("last line" in text or "epoch" in text for _, text in stored.console)
    again = runferry("sync", folder, "--json", **server.environ)
    assert (again.code, again.object["rows_sent"]) == (0, 0)

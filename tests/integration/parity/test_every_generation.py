"""Run folders by real clients from 0.10 to 0.31, finished, failed, killed, resumed: what they hold arrives.

tests/fixtures/folders.tar.xz: VERSION/VARIANT/RUN-FOLDER. The truth was decoded with the official reader, and
sent.json.xz is what the official `wandb sync` 0.31.0 sent of the same logs.
"""

from __future__ import annotations

import json
import lzma
import tarfile
from pathlib import Path
from typing import Any

import pytest

from support import stores
from support.processes import Server, runferry

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def load(name: str) -> dict[str, Any]:
    with lzma.open(FIXTURES / name, "rt", encoding="utf-8") as file:
        return dict(json.load(file))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The folders, unpacked."""
    target = tmp_path / "runs"
    with tarfile.open(FIXTURES / "folders.tar.xz") as archive:
        archive.extractall(target, filter="data")
    return target


def truth_of(folder: Path, truths: dict[str, Any]) -> Any:
    start = f"{folder.parts[-3]}-{folder.parts[-2]}-"
    return next(
        one for name, one in truths.items() if name.startswith(start) and one["wandb_file"].startswith(folder.name)
    )


def comparable(value: Any) -> Any:
    """A value as the truth writes it."""
    return (
        {"__float__": {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[value["non-finite"]]}
        if (isinstance(value, dict) and set(value) == {"non-finite"})
        else value
    )


@pytest.mark.timeout(120)
def test_all_of_them_arrive_as_they_are(server: Server, runs: Path) -> None:
    truths, sent = load("runs-truth.json.xz"), load("sent.json.xz")
    done = runferry("sync", runs, "--json", timeout=110, **server.environ)
    told = {Path(one["path"]): one for one in done.objects}
    assert len(told) == 11
    expected_code = 0
    for folder, one in told.items():
        name, truth = f"{folder.parts[-3]}/{folder.parts[-2]}", truth_of(folder, truths)
        assert one["rows"] == truth["history"]["rows"], name
        assert one["rows_sent"] == one["rows"], name
        assert one["events"] == truth["stats_records"], name
        assert one["damage"] is None, name
        artifacts = len(truth["artifacts"])
        assert (one["state"], bool(one["artifacts"])) == (("sent", True) if artifacts else ("verified", False)), one
        expected_code = 1 if artifacts else expected_code
        if "resume" not in name:
            check_run(stores.read(server.data, one["run_id"], one["project"]), truth, name)
        if name.endswith("/base") and len(sent[folder.parts[-3]]["history_lines"]) == one["rows"]:
            check_lines(stores.read(server.data, one["run_id"], one["project"]), sent[folder.parts[-3]], name)
    assert done.code == expected_code
    resumed = stores.read(server.data, "resume0310", "fixtures")
    assert len(resumed.rows) == sum(one["rows"] for one in told.values() if one["run_id"] == "resume0310") == 250
    assert resumed.record["state"] == "finished"


def check_run(stored: stores.Stored, truth: Any, name: str) -> None:
    history = truth["history"]
    assert len(stored.rows) == history["rows"], name
    assert (stored.rows[0]["_step"], stored.rows[-1]["_step"]) == (history["first_step"], history["last_step"]), name
    for key in history["keys"]:
        if len(key["path"]) == 1:
            having = [row for row in stored.rows if key["path"][0] in row]
            assert having, (name, key)
            assert having[-1]["_step"] == key["last_step"], (name, key)
            if isinstance(key["last_value_json"], str):
                assert having[-1][key["path"][0]] == stores.parse(key["last_value_json"]), (name, key)
    config = truth["config"]
    for key in set(config) - {"_wandb"}:
        if not isinstance(config[key], (dict, list)):
            assert comparable(stored.config[key]) == config[key], (name, key)
    if truth["exit"] is None:  # killed; whether that is certain depends on the host that reads the log
        assert stored.record["state"] in ("running", "failed"), name
    else:
        code = truth["exit"]["exit_code"]
        assert (stored.record["exit_code"], stored.record["state"]) == (code, "failed" if code else "finished"), name
    assert (stored.record["group"] or "") == truth["run"]["group"], name
    assert stored.record["display_name"] == truth["run"]["display_name"], name
    assert bool(stored.console) == bool(truth["output_records"] + truth["output_raw_records"]), name


def check_lines(stored: stores.Stored, sent: Any, name: str) -> None:
    """Line by line what the official sync sent; 0.10 and 0.12 console records it does not understand."""
    assert stored.rows == [stores.parse(one) for one in sent["history_lines"]], name
    if sent["console_lines"]:
        theirs = [stores.console_line(one) for one in sent["console_lines"]]
        assert stored.console == theirs, name

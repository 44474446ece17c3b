"""Folders of wandb 0.8 and 0.9 from strangers: YAML that grows as it is read, numbers without end, lines that nest."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runferry.formats.legacy_files import parse_config
from runferry.status import SyncState
from support.in_process import carrying

FINE = "fine: {desc: null, value: 1}\n"


def _nine_times(inner: str) -> str:
    """Ten aliases in each of nine lines: ten thousand million values, once written out."""
    lines = ["a0: &a0 {value: [1]}"]
    for number in range(1, 10):
        aliases = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} {inner.format(aliases)}")
    return "\n".join(lines) + "\n"


CONFIGS = {
    "aliases": _nine_times("{{value: [{}]}}"),
    "merged": _nine_times("{{<<: [{}]}}"),
    "itself": "a: &a [*a]\n",
    "deep": "a: {value: " + "[" * 900 + "]" * 900 + "}\n",
    "deeper": "a: {value: " + "[" * 100_000 + "]" * 100_000 + "}\n",
    "many": "a:\n  value:\n" + "  - 1\n" * 120_000,
    "long": "a: {value: " + "x" * (5 << 20) + "}\n",
    "base of 60": "a: {value: " + ":".join(["1"] * 200_000) + "}\n",
    "digits": "a: {value: " + "9" * 100_000 + "}\n",
    "no time": "a: {value: 9999-99-99}\n",
    "an object": "a: {value: !!python/object/apply:os.system ['echo hello']}\n",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_costs_what_it_says_and_not_what_it_means(name: str) -> None:
    began = time.monotonic()
    values, is_lost = parse_config((CONFIGS[name] + FINE).encode())
    assert values["fine"] == 1
    assert is_lost == (name not in ("base of 60", "digits", "an object"))
    assert time.monotonic() - began < 30


def test_its_memory_is_bounded() -> None:
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20));"
        "from runferry.formats.legacy_files import parse_config;"
        "values, lost = parse_config(sys.stdin.buffer.read()); assert lost and values['fine'] == 1"
    )
    content = (CONFIGS["aliases"] + CONFIGS["merged"].replace("a", "b") + FINE).encode()
    done = subprocess.run([sys.executable, "-c", script], input=content, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()


def test_a_folder_of_odd_values_is_sent(tmp_path: Path) -> None:
    folder = tmp_path / "wandb" / "dryrun-20200101_000000-old1"
    folder.mkdir(parents=True)
    told = {"state": "failed", "exitcode": 10**30, "project": "odd", "startedAt": "2020-01-01T00:00:00"}
    (folder / "wandb-metadata.json").write_text(json.dumps(told))
    (folder / "config.yaml").write_text("wandb_version: 1\n" + CONFIGS["aliases"] + FINE)
    deep = "[" * 900 + "]" * 900
    lines = [
        '{"x": 0, "_step": 0, "_timestamp": 1}', f'{{"x": 9, "_step": {10**30}, "_timestamp": 2}}', f'{{"x": {deep}}}',
        "[" * 100_000, '{"x": "\\ud800", "_step": 3, "_timestamp": 4}', '{"x": NaN, "_step": -4, "_timestamp": NaN}',
    ]  # fmt: skip
    (folder / "wandb-history.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "wandb-summary.json").write_text(f'{{"x": 1, "_step": 3, "deep": {deep}}}')
    with carrying(tmp_path) as carrier:
        (found,) = carrier.sync(folder)
        assert (found.state, found.error) == (SyncState.VERIFIED, None)
        run = carrier.data / "runs" / "local" / "odd" / "old1"
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        assert (record["exit_code"], record["state"], record["config"]["fine"]) == (1, "failed", {"value": 1})
        assert len((run / "wandb-history.jsonl").read_text(encoding="utf-8").splitlines()) == 4
        assert json.loads((run / "wandb-summary.json").read_text())["x"] == 1
    assert found.damage is not None
    told_of = "\n".join(found.damage.details)
    for words in ("exit code left out", "config.yaml cannot be read as a whole", "nested deeper than 100", "not a row"):
        assert words in told_of

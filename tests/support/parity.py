"""What two stores hold of the same run, compared; and what may differ between two uploaders, with the reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.processes import run
from support.stores import Stored, parse

# What `wandb sync` 0.31.0 adds or writes otherwise than the log says, outside the values that the training set.
CONFIG_DIFFERS = {
    "t.12": "the version of the client that uploads, not of the one that trained",
    "t.3.76": "a telemetry flag: uploaded by `wandb sync`",
    "e.<id>": "the key of the environment is the uploading session's id; the contents are compared",
    "cli_version": "`wandb sync` leaves it out where the log has no telemetry; we name the writer's version",
    "m": "the order of the metric definitions and of the flags in `6`; compared as a set, step metrics by name",
    "empty objects": "`wandb sync` drops an object without keys inside an object; the log has it and so do we",
}
RECORD_DIFFERS = {
    "created": "when it was uploaded",
    "program": "`wandb sync` names itself; we name the training script, as an online run does",
    "config": "compared apart",
}
FILES_DIFFER = {
    "config.yaml": "the order of keys and CONFIG_DIFFERS; compared as values",
    "wandb-summary.json": "the order of keys, 0.0 and 0; compared as values",
    "wandb-metadata.json": "wandb puts a random number of spaces behind each colon; compared as values",
}


def differences(ours: Stored, theirs: Stored, yaml_reader: Path) -> list[str]:
    """What differs beyond the lists above, in words. `yaml_reader`: a Python that has a YAML library."""
    wrong = []
    for key in sorted(set(ours.record) | set(theirs.record)):
        if key not in RECORD_DIFFERS and ours.record.get(key) != theirs.record.get(key):
            wrong.append(f"record {key}: {ours.record.get(key)!r} / {theirs.record.get(key)!r}")
    wrong += _unlike("config", plain_config(ours.config), plain_config(theirs.config))
    wrong += _unlike("summary", ours.summary, theirs.summary)
    wrong += _unlike("rows", ours.rows, theirs.rows)
    wrong += _unlike("console", ours.console, theirs.console)
    wrong += _unlike("events", _in_order(ours.events), _in_order(theirs.events))
    wrong += _unlike("alerts", _alerts(ours), _alerts(theirs))
    wrong += _unlike("names of files", sorted(ours.files), sorted(theirs.files))
    exact = [{n: d for n, d in one.digests.items() if n not in FILES_DIFFER} for one in (ours, theirs)]
    wrong += _unlike("files", *exact)
    for name in ("wandb-summary.json", "wandb-metadata.json"):
        wrong += _unlike(name, *(parse(one.files[name].decode()) for one in (ours, theirs)))
    wrong += _unlike(
        "config.yaml", *(plain_config(_yaml_config(one.files["config.yaml"], yaml_reader)) for one in (ours, theirs))
    )
    return wrong


def plain_config(config: dict[str, Any]) -> dict[str, Any]:
    """A config without what CONFIG_DIFFERS lists."""
    made = {key: _without_empty(value) for key, value in config.items() if key != "_wandb"}
    internal = dict(config["_wandb"])
    telemetry = dict(internal["t"])
    telemetry.pop("12", None)
    telemetry["3"] = sorted(set(telemetry.get("3", [])) - {76})
    internal["t"] = telemetry
    if not telemetry["3"]:
        internal.pop("cli_version", None)
    internal["e"] = list(internal["e"].values())
    internal["m"] = _metrics(internal["m"])
    return {**made, "_wandb": internal}


def _metrics(listed: list[dict[str, Any]]) -> list[Any]:
    """Metric definitions in alphabetical order, with the step metric's name for its place."""
    found = []
    for one in listed:
        plain = {**one, "6": sorted(one["6"])}
        if "5" in plain:
            plain["5"] = listed[plain["5"] - 1]["1"]
        found.append(plain)
    return sorted(found, key=lambda one: json.dumps(one, sort_keys=True))


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(inner) for key, inner in value.items() if inner != {}}
    return value


def _in_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By their values: records of one moment come in any order, and so do their keys."""
    return sorted(events, key=lambda one: json.dumps(one, sort_keys=True))


def _alerts(stored: Stored) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "time"} for one in stored.alerts]


def _yaml_config(content: bytes, reader: Path) -> dict[str, Any]:
    script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))"
    done = run(reader, "-c", script, content.decode())
    assert done.code == 0, done.err
    return {key: one["value"] for key, one in parse(done.out).items()}


def _unlike(what: str, ours: Any, theirs: Any) -> list[str]:
    """Where two values differ, down to the place."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        both = sorted(set(ours) | set(theirs), key=str)
        return [
            text
            for key in both
            if ours.get(key) != theirs.get(key) or (key in ours) != (key in theirs)
            for text in _unlike(f"{what}.{key}", ours.get(key, "(nothing)"), theirs.get(key, "(nothing)"))
        ]
    if isinstance(ours, list) and isinstance(theirs, list):
        wrong = [f"{what}: {len(ours)} / {len(theirs)}"] if len(ours) != len(theirs) else []
        pairs = enumerate(zip(ours, theirs, strict=False))
        return wrong + [text for i, (a, b) in pairs if a != b for text in _unlike(f"{what}[{i}]", a, b)][:10]
    return [] if ours == theirs else [f"{what}: {ours!r:.300} / {theirs!r:.300}"]

"""The small files of a run by wandb 0.8 or 0.9 (config, summary, metadata), folded into a `RunContent`."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

import yaml

from runferry.formats import legacy_yaml
from runferry.formats.detect import LEGACY, epoch
from runferry.formats.entries import RunContent, RunInfo
from runferry.formats.json_text import dumps
from runferry.formats.key_values import KeyValues
from runferry.formats.messages import ENVIRONMENT
from runferry.formats.odd_values import NO_EXIT_CODE, NO_JSON, TOO_DEEP, is_too_deep
from runferry.status import RunState

_TEXTS = {
    "os": "os", "python": "python", "program": "program", "codePath": "code_path", "email": "email", "root": "root",
    "host": "host", "username": "username", "executable": "executable", "docker": "docker", "gpu": "gpu_type",
    "cuda": "cuda_version",
}  # fmt: skip
_NUMBERS = ("cpu_count", "gpu_count")
_ENDS = {"finished": (0, RunState.FINISHED), "failed": (1, RunState.FAILED), "killed": (255, RunState.KILLED)}
_TOP = re.compile(r"^(?=[^\s#-])", re.MULTILINE)


def parse_object(text: bytes) -> dict[str, Any] | None:
    """A JSON object; None where it is none."""
    try:
        found = json.loads(text.decode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def parse_config(text: bytes) -> tuple[dict[str, Any], bool]:
    """The values by key, and whether something was lost: a key that cannot be read does not cost the others."""
    plain = text.decode("utf-8", "replace")
    try:
        return _values(_load(plain)), False
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        pass
    found: dict[str, Any] = {}
    left = 2 * legacy_yaml.MOST_VALUES
    for block in _TOP.split(plain):
        budget = legacy_yaml.Budget(min(left, legacy_yaml.MOST_VALUES // 4))  # one key leaves something for the others
        left -= budget.left
        try:
            found.update(_values(_load(block, budget)))
        except (yaml.YAMLError, ValueError, TypeError, RecursionError):
            continue
        finally:
            left += max(budget.left, 0)
    return found, True


def _load(text: str, budget: legacy_yaml.Budget | None = None) -> dict[str, Any]:
    found = legacy_yaml.load(text, budget)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError("no mapping")
    return found


def _values(config: dict[str, Any]) -> dict[str, Any]:
    """Without the wrapping: ``{desc, value}`` around each value, and the file's own version."""
    return {
        str(key): one["value"] if isinstance(one, dict) and "value" in one and one.keys() <= {"value", "desc"} else one
        for key, one in config.items()
        if key != "wandb_version"
    }


def apply_config(content: RunContent, values: dict[str, Any]) -> None:
    """The config takes the place of the one that was read before."""
    internal = values.get("_wandb")
    content.config = _folded(content, values, merge=True)
    if not isinstance(internal, dict):
        return
    version, python = internal.get("cli_version"), internal.get("python_version")
    if isinstance(version, str):
        content.writer = f"wandb {version}"
        content.telemetry["5"] = version
    if isinstance(python, str):
        content.telemetry["4"] = python


def apply_summary(content: RunContent, values: dict[str, Any]) -> None:
    """The summary takes the place of the one that was read before."""
    content.summary = _folded(content, values)
    content.summary_rows = content.rows


def _folded(content: RunContent, values: dict[str, Any], merge: bool = False) -> KeyValues:
    made = KeyValues(merge=merge, odd=content.odd)
    for key, value in values.items():
        try:
            text = dumps(value, default=str)
        except (ValueError, TypeError, RecursionError):
            content.odd.note(NO_JSON, key)
            continue
        if is_too_deep(text):
            content.odd.note(TOO_DEEP, key)
        else:
            made.set_value((key,), text)
    return made


def apply_metadata(content: RunContent, told: dict[str, Any], folder: str) -> None:
    """Who, where, what and how it ended; the id and, without metadata, the start come from the folder's name."""
    name = LEGACY.match(folder)
    git = told.get("git") if isinstance(told.get("git"), dict) else {}
    started = _seconds(told.get("startedAt"))
    content.run = RunInfo(
        run_id=name[2] if name else folder,
        project=_text(told, "project"),
        name=_text(told, "name"),
        notes=_text(told, "notes"),
        job_type=_text(told, "jobType"),
        host=_text(told, "host"),
        start_time=started if started is not None else epoch(name[1]) if name else None,
        git_remote=_text(git, "remote"),
        git_commit=_text(git, "commit"),
    )
    _environment(content, told, git, started)
    _end(content, told)


def _end(content: RunContent, told: dict[str, Any]) -> None:
    state, code = told.get("state"), told.get("exitcode")
    known = _ENDS.get(state) if isinstance(state, str) else None
    if isinstance(code, int) and not isinstance(code, bool) and not -(2**31) <= code < 2**31:
        content.odd.note(NO_EXIT_CODE)
        code = None
    if isinstance(code, int) and not isinstance(code, bool):
        content.exit_code = code
    else:
        content.exit_code = known[0] if known else None
    content.outcome = known[1].value if known else ""


def _environment(content: RunContent, told: dict[str, Any], git: dict[str, Any] | None, started: float | None) -> None:
    made = ENVIRONMENT()
    for key, field in _TEXTS.items():
        if _text(told, key):
            setattr(made, field, _text(told, key))
    for key in _NUMBERS:
        value = told.get(key)
        if isinstance(value, int) and 0 < value < 1 << 32:
            setattr(made, key, value)
    args = told.get("args")
    made.args.extend(str(one) for one in args) if isinstance(args, list) else None
    made.git.remote_url, made.git.commit = _text(git, "remote"), _text(git, "commit")
    if not (made.git.remote_url or made.git.commit):
        made.ClearField("git")
    if started is not None:
        made.started_at.seconds, made.started_at.nanos = divmod(round(started * 1e6) * 1000, 1_000_000_000)
    content.environment = made


def _text(told: dict[str, Any] | None, key: str) -> str:
    value = (told or {}).get(key)
    return value if isinstance(value, str) else ""


def _seconds(text: Any) -> float | None:
    """Old clients wrote UTC without saying so."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None

"""The environment of a run as JSON: ``wandb-metadata.json``, and the ``e`` part of the run's config.

Protobuf's JSON mapping with the peculiarities of W&B's own: most names in camel case, some kept in snake case, two
renamed, and 64-bit integers as strings. Only what was set is written.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from runferry.formats.entries import RunContent
from runferry.formats.json_text import dumps

_KEPT = {"cpu_count", "cpu_count_logical", "gpu_count", "gpu_nvidia", "gpu_amd"}
_RENAMED = {"gpu_type": "gpu", "remote_url": "remote"}


def environment_value(content: RunContent) -> dict[str, Any]:
    """The environment records, merged, as a JSON object; empty before wandb 0.19."""
    return _message(content.environment)


def metadata_json(content: RunContent) -> str | None:
    """The text of wandb-metadata.json; None where the log does not tell (wandb before 0.19 wrote the file itself)."""
    found = environment_value(content)
    return dumps(found, indent=2) + "\n" if found else None


def _message(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        found[_name(field.name)] = _value(field, value)
    return found


def _name(name: str) -> str:
    if name in _RENAMED:
        return _RENAMED[name]
    if name in _KEPT:
        return name
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _value(field: Any, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        inner = field.message_type.fields_by_name["value"]
        return {key: _single(inner, value[key]) for key in sorted(value)}
    if hasattr(value, "__len__") and not isinstance(value, (str, bytes)):
        return [_single(field, one) for one in value]
    return _single(field, value)


def _single(field: Any, value: Any) -> Any:
    if field.message_type is not None:
        return _timestamp(value) if field.message_type.name == "Timestamp" else _message(value)
    if field.type in (field.TYPE_INT64, field.TYPE_UINT64, field.TYPE_SINT64):
        return str(value)
    return value


def _timestamp(value: Any) -> str:
    """RFC 3339 in UTC with as many digits as are needed: none, 3, 6 or 9."""
    text = datetime.fromtimestamp(value.seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{value.nanos:09d}"
    for end in (0, 3, 6, 9):
        if not digits[end:].strip("0"):
            return f"{text}.{digits[:end]}Z" if end else f"{text}Z"
    return text + "Z"

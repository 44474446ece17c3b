"""What no run can have: wrong arguments of `init`, told in words a person can act on.

Only `init` and functions that are called before training starts may use these: they raise UsageError.
"""

from __future__ import annotations

import difflib
from typing import Any, Iterable, Mapping, NoReturn, Sequence

from runferry.errors import UsageError

LONGEST_PROJECT = 128
LONGEST_TAG = 64
LONGEST_ID = 128
FORBIDDEN_IN_ID = ":;,#?/'"
FORBIDDEN_IN_PROJECT = "/\\#?%:"


def _refuse(slug: str, title: str, message: str, todo: str) -> NoReturn:
    raise UsageError(slug, title, message, todo)


def text(field: str, value: Any) -> str:
    """The value as text."""
    if not isinstance(value, (str, int, float)):
        kind = type(value).__name__
        _refuse("argument-type", f"{field} is no text", f"{field} is a {kind}; text is wanted.", f"Pass {field}='…'.")
    return str(value)


def mode(value: Any, known: Mapping[str, str]) -> str:
    """The mode in our words: online, offline, dryrun or disabled."""
    found = str(value).lower()
    if found == "disabled":
        return found
    if found not in known:
        _refuse(
            "mode-unknown",
            "Unknown mode",
            f"mode is {value!r}.",
            f"Use one of: {', '.join(sorted([*known, 'disabled']))}. It may come from RUNFERRY_MODE or WANDB_MODE.",
        )
    return known[found]


def resume(value: Any, known: Sequence[str]) -> str:
    """One of `known`, or empty. True means auto, as in W&B."""
    if value is None or value is False or value == "":
        return ""
    if value is True or str(value).lower() == "true":
        return "auto"
    found = str(value).lower()
    if found not in known:
        _refuse("resume-unknown", "Unknown resume", f"resume is {value!r}.", f"Use one of: {', '.join(known)}.")
    return found


def project(name: str) -> None:
    """Refuses names that a W&B server refuses."""
    bad = sorted(set(name) & set(FORBIDDEN_IN_PROJECT))
    if bad:
        _refuse(
            "project-name",
            "Invalid project name",
            f"{name!r} contains {' '.join(bad)}.",
            f"Leave out {' '.join(FORBIDDEN_IN_PROJECT)} from the project's name.",
        )
    if len(name) > LONGEST_PROJECT:
        _refuse(
            "project-name",
            "Project name too long",
            f"It has {len(name)} characters.",
            f"Use at most {LONGEST_PROJECT} characters.",
        )


def run_id(value: str) -> None:
    """Refuses ids that W&B refuses, and those that cannot be part of a file name."""
    bad = sorted(set(value) & set(FORBIDDEN_IN_ID))
    if bad:
        message, todo = f"{value!r} contains {' '.join(bad)}.", f"Leave out {' '.join(FORBIDDEN_IN_ID)} from the id."
    elif value != value.strip():
        message, todo = f"{value!r} begins or ends with a space.", "Remove the spaces around the id."
    elif any(ord(char) < 32 for char in value) or "\\" in value or value in (".", ".."):
        message, todo = f"{value!r} cannot be part of a file name.", "Use letters, digits, - and _."
    elif len(value.encode("utf-8", "replace")) > LONGEST_ID:
        message, todo = f"It has {len(value)} characters.", f"Use at most {LONGEST_ID} characters."
    else:
        return
    _refuse("run-id", "Invalid run id", message, todo)


def tags(values: Iterable[str]) -> tuple[str, ...]:
    """Tags without repetition."""
    found = tuple(dict.fromkeys(values))
    for one in found:
        if not 1 <= len(one) <= LONGEST_TAG:
            _refuse(
                "tag-length",
                "Invalid tag",
                f"{one!r} has {len(one)} characters." if one else "A tag is empty.",
                f"A tag has 1 to {LONGEST_TAG} characters.",
            )
    return found


_KNOWN_TO_WANDB: dict[str, str] = {
    "fork_from": "Forking needs the server; start a run of its own, or use the official client for it.",
    "resume_from": "Rewinding needs the server; use resume='allow' to go on after the last local step.",
    "tensorboard": "TensorBoard files are not read by the recorder; log the values with runferry.log.",
    "sync_tensorboard": "TensorBoard files are not read by the recorder; log the values with runferry.log.",
    "monitor_gym": "Videos of gym environments are not recorded yet.",
}


def unknown_arguments(unknown: Iterable[str], known: Sequence[str]) -> None:
    """Refuses arguments that `init` does not have, with the name that was probably meant."""
    for name in unknown:
        if name in _KNOWN_TO_WANDB:
            _refuse("argument-unsupported", f"{name} is not supported", f"init() got {name}.", _KNOWN_TO_WANDB[name])
        near = difflib.get_close_matches(name, known, 1)
        todo = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."
        _refuse("argument-unknown", "Unknown argument", f"init() has no argument {name!r}.", todo)

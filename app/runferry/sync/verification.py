"""Asking the server what it has, and comparing: only then a run is called verified.

Line counts, the last row, the summary, the config, how the run ended, each file's size and digest, and each artifact
come from the server's answers, never from our own ledger. `deep` reads every row back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runferry.remote import run_state, runs, uploads
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.state.deliverables import SentFile
from runferry.sync import artifact_check
from runferry.sync.artifact_check import ExpectedArtifact
from runferry.sync.equal import plain, same
from runferry.sync.reading_back import step_of
from runferry.sync.run_files import differences

ENDED = ("finished", "failed", "killed", "crashed")  # states of a run that is over, in W&B's words


@dataclass(frozen=True)
class Expected:
    """What the server must have.

    `lines`: per stream, all logs of the run together; of events there may be more, as any machine may measure.
    `last_row`: None where the last one is not of this log. `summary`, `config`: JSON objects, empty where they are not
    to be compared; so with an `exit_code` of None.
    """

    lines: Mapping[str, int]
    last_row: str | None
    summary: str
    config: str
    exit_code: int | None
    files: Mapping[str, SentFile]
    artifacts: Sequence[ExpectedArtifact] = ()
    is_continued: bool = False  # somebody else went on with the run, and may have sent other files of the same names
    tells_holes: bool = False  # a Runferry server also says which of the lines it never got


@dataclass(frozen=True)
class Comparison:
    """`wrong`: what does not agree, in words; empty when the run is verified. `files`: the names of those among it.

    `lacks`: whether keys of the config, or how the run ended, are missing, so that sending them again may help.
    `is_short`: whether the server has fewer lines than it acknowledged.
    `not_told`: what the server does not tell, so that nobody can compare it.
    """

    wrong: list[str]
    files: list[str] = field(default_factory=list)
    lacks: bool = False
    is_short: bool = False
    not_told: list[str] = field(default_factory=list)


def compare(session: Session, run: Created, expected: Expected) -> Comparison:
    """What does not agree. Raises AppError when the server cannot say."""
    remote = runs.look_up(session, run.entity, run.project, run.run_id)
    if remote is None:
        return Comparison(["the server does not know the run"])
    wrong = [
        f"{stream}: {remote.lines[stream]} lines on the server, {count} sent"
        for stream, count in expected.lines.items()
        if remote.lines[stream] < count or (remote.lines[stream] > count and stream != "events")  # (see Expected)
    ]
    is_short = any(remote.lines[stream] < count for stream, count in expected.lines.items())
    if expected.tells_holes:
        holes = runs.holes(session, run.entity, run.project, run.run_id)
        wrong += [f"{stream}: {count} lines never arrived" for stream, count in holes.items() if count]
        is_short = is_short or any(holes.values())
    if expected.last_row is not None and not (remote.history_tail and same(expected.last_row, remote.history_tail[-1])):
        wrong.append("the last row on the server is another one")
    wrong += _differ("summary", expected.summary, remote.summary)
    wrong += _differ("config", expected.config, _unwrapped(remote.config))
    if expected.config and not _has_definitions(expected.config, remote.config):
        wrong.append("the metric definitions on the server are others")
    ended, not_told = _outcome(session, run, expected)
    wrong += ended
    lacks = bool(ended) or not remote.config.keys() >= json.loads(expected.config or "{}").keys()
    there = uploads.files(session, run) if expected.files else {}
    missing = [one for one in differences(expected.files, there) if not (expected.is_continued and one in there)]
    wrong += [f"file {name} is not on the server as it was sent" for name in missing]
    return Comparison(
        wrong + artifact_check.differences(session, expected.artifacts), missing, lacks, is_short, not_told
    )


def _differ(what: str, sent: str, there: Mapping[str, Any]) -> list[str]:
    """Keys that differ. Servers add keys of their own, and may write 1.0 as 1 and NaN as text."""
    ours = json.loads(sent) if sent else {}
    wrong = [key for key, value in ours.items() if key != "_wandb" and not (key in there and _agree(value, there[key]))]
    return [f"{what}: {', '.join(sorted(wrong)[:5])} differ"] if wrong else []


def _has_definitions(sent: str, there: Mapping[str, Any]) -> bool:
    ours = json.loads(sent).get("_wandb", {}).get("m") or []
    own = there.get("_wandb")
    theirs = own.get("value", {}).get("m") if isinstance(own, dict) and isinstance(own.get("value"), dict) else None
    return not ours or _agree(ours, theirs)


def _unwrapped(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one["value"] for key, one in config.items() if isinstance(one, dict) and "value" in one}


def _outcome(session: Session, run: Created, expected: Expected) -> tuple[list[str], list[str]]:
    """How the run ended, as far as the server tells it: what is wrong, and what it does not tell."""
    code = expected.exit_code
    if code is None:
        return [], []
    told = run_state.outcome(session, run, expected.tells_holes)
    if not told.state:
        return [], ["how the run ended"]
    not_told = [] if expected.tells_holes else ["the exit code"]
    if (told.state == "finished") != (code == 0) or told.state not in ENDED:
        return [f"the server calls the run {told.state}; it ended with exit code {code}"], not_told
    if expected.tells_holes and told.exit_code != code:
        return [f"the exit code on the server is {told.exit_code}, it was {code}"], []
    return [], not_told


def _agree(ours: Any, theirs: Any) -> bool:
    try:
        return bool(plain(ours) == plain(theirs))
    except RecursionError:  # nested more deeply than can be compared: nobody can call it the same
        return False


def compare_rows(session: Session, run: Created, rows: Iterable[str]) -> list[str]:
    """Read every row back and compare; `rows` in the order of the log. Gives differences in words, at most ten."""
    wanted: dict[int, list[str]] = {}
    for row in rows:
        if (step := _step(row)) >= 0:  # rows without a step cannot be asked for
            wanted.setdefault(step, []).append(row)
    wrong: list[str] = []
    for page in runs.read_history(session, run, list(wanted)):
        for row in page:
            candidates = wanted.get(_step(row), [])
            match = next((one for one in candidates if same(one, row)), None)
            if match is not None:
                candidates.remove(match)
                if not candidates:
                    wanted.pop(_step(row), None)
    for step in sorted(wanted)[:10]:
        wrong.append(f"the row of step {step} is missing or different on the server")
    return wrong


def _step(row: str) -> int:
    step = step_of(row)
    return -1 if step is None else step

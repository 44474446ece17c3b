"""What one log says of its run as a whole, and what several logs of one run add up to.

A run that was resumed, or trained with a test run beside it, has several logs and on a server one summary, one config,
one name. The rule is the official client's when it resumes online: what a later log says wins, what it does not mention
stays. Figures that `define_metric` asked for are those of all logs together, where that client begins anew.

In what order the logs are read or sent makes no difference. Config, name, notes and tags go by when a log was begun,
the summary by when its last values were written: a test run may begin later and end earlier than its training.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from runferry.formats import telemetry
from runferry.formats.entries import Path, RunContent
from runferry.formats.summary import STATISTICS, figures_of

ABOUT = ("name", "notes", "tags", "group", "job_type", "host", "git_commit", "git_remote", "program")


@dataclass(frozen=True)
class Share:
    """One log's part, or what a server had of a run before. Times: seconds since the epoch.

    `config`: as servers want it (`run_config`). `config_gone`, `summary_gone`: keys that the log removed.
    `figures`: for each key whose summary holds figures of `define_metric`: how many numbers they are of, None where
    that is not known. `about`: texts by the names of `ABOUT`, and `tags`, a list; empty ones say nothing. `untold`: the
    names of those that the log has, and that are not for us to tell: the server may know them. `is_part`: by a child
    process of the training, which knows nothing of how the run ends. `closed`: of what a server had, how it ended.
    """

    started: float
    active: float
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    about: Mapping[str, Any] = field(default_factory=dict)
    config_gone: Sequence[Path] = ()
    summary_gone: Sequence[Path] = ()
    figures: Mapping[Path, int | None] = field(default_factory=dict)
    best_is_high: Sequence[Path] = ()
    untold: Sequence[str] = ()
    is_part: bool = False
    closed: int | None = None

    def as_json(self) -> str:
        """For the ledger."""
        told = dict(vars(self))  # not `asdict`, which copies the whole config
        told["figures"] = [[list(path), count] for path, count in self.figures.items()]
        return json.dumps(told)

    @classmethod
    def from_json(cls, text: str) -> Share:
        """The inverse of `as_json`."""
        told = json.loads(text)
        told["figures"] = {tuple(path): count for path, count in told["figures"]}
        for name in ("config_gone", "summary_gone", "best_is_high"):
            told[name] = [tuple(path) for path in told[name]]
        return cls(**told)


def share_of(
    content: RunContent,
    config: Mapping[str, Any],
    summary: Mapping[str, Any],
    about: Mapping[str, Any],
    counts: Mapping[Path, int] | None = None,
    untold: Sequence[str] = (),
    is_part: bool = False,
) -> Share:
    """The share of a log. `counts`: how many numbers each key's rows hold, where somebody counted."""
    figures = figures_of(content.metrics, summary)
    times = [content.run.start_time, content.last_timestamp, _number(summary.get("_timestamp"))]
    if content.run.start_time is not None and content.exit_runtime is not None:
        times.append(content.run.start_time + content.exit_runtime)
    known = [one for one in times if one is not None]
    return Share(
        started=content.run.start_time or 0.0,
        active=max(known, default=0.0),
        config=config,
        summary=summary,
        about=about,
        config_gone=content.config.gone,
        summary_gone=content.summary.gone,
        figures={path: (counts or {}).get(path) for path in figures},
        best_is_high=[path for path, rule in figures.items() if rule.goal == 2],
        untold=list(untold),
        is_part=is_part,
    )


def told_by_server(config: Mapping[str, Any], summary: Mapping[str, Any], closed: int | None = None) -> Share:
    """What a server had of a run besides ours: the share of somebody else."""
    return Share(0.0, _number(summary.get("_timestamp")) or 0.0, config, summary, closed=closed)


@dataclass(frozen=True)
class Joined:
    """The run as all its logs tell it."""

    config: dict[str, Any]
    summary: dict[str, Any]
    about: dict[str, Any]


def join(shares: Iterable[Share]) -> Joined:
    """Put the shares together; in whatever order they are given."""
    by_start = sorted(shares, key=lambda one: (one.started, one.active))
    config: dict[str, Any] = {}
    about: dict[str, Any] = {}
    for share in by_start:
        config = _joined_config(config, share)
        about.update({name: value for name, value in share.about.items() if value})
        about.update(dict.fromkeys(share.untold, ""))
    summary: dict[str, Any] = {}
    known: dict[Path, int | None] = {}
    high = {path for share in by_start for path in share.best_is_high}
    for share in sorted(by_start, key=lambda one: one.active):
        summary = _joined_summary(summary, known, share, high)
    return Joined(config, summary, about)


# -- summary ----------------------------------------------------------------------------------------------------------


def _joined_summary(
    before: dict[str, Any], known: dict[Path, int | None], share: Share, high: Set[Path]
) -> dict[str, Any]:
    """`known`: the figures in `before` and how many numbers they are of; brought up to date."""
    old = _without(before, share.summary_gone)
    merged = _merged(old, share.summary)
    for path in {**known, **share.figures}:
        mine, theirs, count = _at(share.summary, path), _at(old, path), share.figures.get(path)
        if not _are_figures(mine):  # not logged, or set by hand
            continue
        if _are_figures(theirs):
            before_count = known.get(path)
            _put(merged, path, _figures(theirs, before_count, mine, count, path in high))
            count = before_count + count if before_count and count else before_count or count
        known[path] = count
    return merged


def _are_figures(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and value.keys() <= set(STATISTICS)


def _figures(
    old: Mapping[str, Any], old_count: int | None, new: Mapping[str, Any], new_count: int | None, best_is_high: bool
) -> dict[str, Any]:
    """`min`, `max`, `mean` … over both; where it is not known of how many numbers a mean is, the later one stays."""
    best = _high if best_is_high else _low
    found = {**old, **new}
    for name, pick in (("min", _low), ("max", _high), ("best", best)):
        if name in old and name in new:
            found[name] = pick(old[name], new[name])
    if "first" in old:
        found["first"] = old["first"]
    if "mean" in old and "mean" in new and old_count and new_count:
        found["mean"] = (old["mean"] * old_count + new["mean"] * new_count) / (old_count + new_count)
    return {name: found[name] for name in STATISTICS if name in found}


def _low(one: Any, other: Any) -> Any:
    return _picked(one, other, min)


def _high(one: Any, other: Any) -> Any:
    return _picked(one, other, max)


def _picked(one: Any, other: Any, pick: Any) -> Any:
    """The smaller or larger of two numbers; NaN wins, as in one log."""
    numbers = [each for each in (one, other) if isinstance(each, (int, float))]
    if len(numbers) < 2:
        return other
    return next((each for each in numbers if each != each), None) or pick(numbers)


# -- config -----------------------------------------------------------------------------------------------------------


def _joined_config(before: dict[str, Any], share: Share) -> dict[str, Any]:
    gone = [(path[0], "value", *path[1:]) if path[1:] else path for path in share.config_gone]
    old = _without(before, [path for path in gone if path[0] != "_wandb"])
    internal = _joined_internal(_internal(before), _internal(share.config))
    merged = _merged(old, {key: value for key, value in share.config.items() if key != "_wandb"})
    merged.pop("_wandb", None)
    return {**merged, "_wandb": {"value": internal}} if internal or "_wandb" in share.config else merged


def _internal(config: Mapping[str, Any]) -> dict[str, Any]:
    own = config.get("_wandb")
    value = own.get("value") if isinstance(own, dict) else None
    return value if isinstance(value, dict) else {}


def _joined_internal(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """W&B's own part: telemetry adds up, metric definitions go by name, each session's environment stays."""
    found = _merged(old, new)
    if isinstance(old.get("t"), dict) and isinstance(new.get("t"), dict):
        found["t"] = telemetry.merge(old["t"], new["t"])
    if isinstance(old.get("m"), list) and isinstance(new.get("m"), list):
        found["m"] = _joined_metrics(old["m"], new["m"])
    return found


def _joined_metrics(old: list[Any], new: list[Any]) -> list[Any]:
    """Lists as `metric_list` makes them: what is said of a name later wins; "5" is a place in the list."""
    named: dict[tuple[str, Any], dict[str, Any]] = {}
    steps: dict[tuple[str, Any], tuple[str, Any]] = {}
    for listed in (old, new):
        keys = [_metric_key(one) for one in listed]
        for key, one in zip(keys, listed, strict=True):
            if key is None or (key in named and one.keys() <= {"1", "2", "6", "7"} and not one.get("7")):
                continue  # only named as somebody's step
            named[key] = {label: value for label, value in one.items() if label != "5"}
            steps.pop(key, None)
            step = one.get("5")
            if isinstance(step, int) and 0 < step <= len(keys) and (found := keys[step - 1]) is not None:
                steps[key] = found
                named.setdefault(found, dict(listed[step - 1]))
    places = {key: place for place, key in enumerate(named, 1)}
    return [{**one, "5": places[steps[key]]} if key in steps else one for key, one in named.items()]


def _metric_key(one: Any) -> tuple[str, Any] | None:
    if not isinstance(one, dict):
        return None
    return next(((label, one[label]) for label in ("1", "2") if isinstance(one.get(label), str)), None)


# -- trees ------------------------------------------------------------------------------------------------------------


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Leaf by leaf; a value with a type of its own (an image) is one leaf."""
    found = dict(old)
    for key, value in new.items():
        before = found.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        found[key] = _merged(before, value) if both and "_type" not in value and before is not None else value
    return found


def _without(tree: Mapping[str, Any], gone: Iterable[Path]) -> dict[str, Any]:
    found = dict(tree)
    for path in gone:
        node = found
        for label in path[:-1]:
            inner = node.get(label)
            if not isinstance(inner, dict):
                break
            node[label] = node = dict(inner)
        else:
            node.pop(path[-1], None)
    return found


def _at(tree: Mapping[str, Any], path: Path) -> Any:
    node: Any = tree
    for label in path:
        if not isinstance(node, dict):
            return None
        node = node.get(label)
    return node


def _put(tree: dict[str, Any], path: Path, value: Any) -> None:
    node = tree
    for label in path[:-1]:
        node = node[label]
    node[path[-1]] = value


def _number(value: Any) -> float | None:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if plain and abs(value) < 1e12 and math.isfinite(value) else None

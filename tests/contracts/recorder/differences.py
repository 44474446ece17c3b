# ruff: noqa: E402, I001 - it is also a program, and finds its neighbours by itself then
"""Where the recorder and the official client record different things of the same call, each with the reason.

`found` runs every_value.py once with each client and compares what was raised and what both logs hold; `page` is
docs/differences.md. Run as a program it writes that page.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
if __name__ == "__main__":
    sys.path[:0] = [str(CHECKOUT / "tests"), str(CHECKOUT / "app"), str(Path(__file__).parent)]

import every_value
from google.protobuf.json_format import MessageToDict
from recorder_log import Log

SCRIPT = Path(every_value.__file__)
PAGE = CHECKOUT / "docs" / "differences.md"
NOTHING = "nothing"
INTERNAL = ("_runtime", "_timestamp", "_wandb")
RECORD = ("display_name", "notes", "tags", "project", "entity", "run_group", "job_type", "run_id")


@dataclass(frozen=True)
class Difference:
    """One call: what the official client does, and what ours does; both in words."""

    group: str
    call: str
    theirs: str
    ours: str


@dataclass(frozen=True)
class Side:
    """What one client told and left."""

    told: dict[str, dict[str, str]]
    place: Path

    def log(self, run_id: str) -> Log:
        """The log of a run, by its id."""
        (path,) = self.place.glob(f"wandb/offline-run-*-{run_id}/*.wandb")
        return Log(path)

    def of_folder(self, name: str) -> Log | None:
        """The log in a run folder; None where nothing was recorded."""
        found = list(self.place.glob(f"**/{name}/*.wandb"))
        return Log(found[0]) if found else None


def found(wandb_python: Path, scratch: Path) -> list[Difference]:
    """Everything that differs, in the order of every_value.py."""
    theirs = _side(wandb_python, "wandb", scratch / "theirs")
    ours = _side(wandb_python, "runferry", scratch / "ours")
    differences = [*_values(theirs, ours)]
    for group, calls in every_value.CALLS.items():
        differences += _told(group, calls, theirs, ours)
        differences += _left(group, theirs.log(f"calls-{group}"), ours.log(f"calls-{group}"))
    return [*differences, *_inits(theirs, ours), *_ends(theirs, ours)]


def _side(python: Path, client: str, place: Path) -> Side:
    """One process does all of it."""
    work = place / "work"
    work.mkdir(parents=True)
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB_", "RUNFERRY_"))}
    environ.update(PYTHONPATH=str(CHECKOUT / "app"), HOME=str(place), WANDB_SILENT="true")
    done = subprocess.run(
        [str(python), str(SCRIPT), client, str(work)],
        env=environ, cwd=place, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    line = next((one for one in done.stdout.splitlines() if one.startswith("TOLD ")), None)
    assert line is not None, done.stderr[-2000:]
    return Side(json.loads(line[5:]), work)


# -- comparing --------------------------------------------------------------------------------------------------------


def _values(theirs: Side, ours: Side) -> Iterator[Difference]:
    """Values in the four ways to record one."""
    for form, pattern in every_value.FORMS.items():
        left = [_by_key(side.log(f"values-{form}"), form) for side in (theirs, ours)]
        for at, text in enumerate(every_value.VALUES):
            pairs = [
                (side.told["values"][f"{form} {at}"], values.get(f"v{at:03}", NOTHING))
                for side, values in zip((theirs, ours), left, strict=True)
            ]
            if not _same(*pairs):
                yield Difference(form, pattern.replace("_", text).replace("key", "'k'"), *map(_outcome, pairs))


def _by_key(log: Log, form: str) -> dict[str, Any]:
    if form == "log":
        return {key: value for row in log.rows for key, value in row.items()}
    return log.summary if form == "summary" else log.config


def _outcome(pair: tuple[str, Any]) -> str:
    raised, value = pair
    return raised if raised and value == NOTHING else _text(value)


def _told(group: str, calls: tuple[str, ...], theirs: Side, ours: Side) -> Iterator[Difference]:
    for call in calls:
        one, other = theirs.told[group][call], ours.told[group][call]
        if one != other:
            yield Difference(group, call, one, other)


def _left(group: str, theirs: Log, ours: Log) -> Iterator[Difference]:
    """What the logs of a group of calls hold, thing by thing."""
    for what in ("summary", "config"):
        one, other = getattr(theirs, what), getattr(ours, what)
        for key in sorted((one.keys() | other.keys()).difference(INTERNAL)):
            pair = one.get(key, NOTHING), other.get(key, NOTHING)
            if not _same(*pair):
                yield Difference(group, f"then {what}[{key!r}]", _text(pair[0]), _text(pair[1]))
    for what, parts in (("metric", _metrics), ("alert", _alerts), ("file", _files), ("run", _names)):
        left = parts(theirs), parts(ours)
        for key in sorted(left[0].keys() | left[1].keys()):
            pair = left[0].get(key, NOTHING), left[1].get(key, NOTHING)
            if not _same(*pair):
                yield Difference(group, f"then the {what} {key}", _text(pair[0]), _text(pair[1]))


def _metrics(log: Log) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for one in map(MessageToDict, log.all("metric")):
        told.setdefault(one.get("name") or one.get("globName", ""), []).append(one)
    return told


def _alerts(log: Log) -> dict[str, Any]:
    """How often each was recorded."""
    texts = [f"{one.title!r}, {one.text[:20]!r}, {one.level}, {one.wait_duration} ms" for one in log.all("alert")]
    return {text: texts.count(text) for text in texts}


def _files(log: Log) -> dict[str, Any]:
    names = [item.path for one in log.all("files") for item in one.files]
    return {name: "listed" for name in names if "wandb-metadata" not in name}


def _names(log: Log) -> dict[str, Any]:
    run = log.all("run")[-1]
    return {name: list(run.tags) if name == "tags" else getattr(run, name) for name in RECORD}


def _inits(theirs: Side, ours: Side) -> Iterator[Difference]:
    for call in every_value.INITS:
        outcomes = [_begun(side, side.told["init"][call]) for side in (theirs, ours)]
        if not _same(*outcomes) and not all(str(one).startswith("raises") for one in outcomes):
            one, other = outcomes
            if isinstance(one, dict) and isinstance(other, dict):
                differs = [key for key in one if not _same(one[key], other[key])]
                one, other = ({key: each[key] for key in differs} for each in (one, other))
            yield Difference("init", f"init({call})", _shown(one), _shown(other))


def _begun(side: Side, told: str) -> Any:
    kind, _, name = told.partition(" ")
    if kind != "folder":
        return told
    log = side.of_folder(name)
    if log is None:
        return "records nothing"
    run = log.all("run")[0]
    made = {field: list(run.tags) if field == "tags" else getattr(run, field) for field in RECORD}
    made["run_id"] = re.sub(r"^[a-z0-9]{8}$", "(random)", made["run_id"])
    return {**made, "config": {key: value for key, value in log.config.items() if key != "_wandb"}}


def _ends(theirs: Side, ours: Side) -> Iterator[Difference]:
    for at, call in enumerate(every_value.ENDS):
        outcomes = [
            f"{side.told['finish'][call]}; exit code {side.log(f'end-{at:03}').exit_code}" for side in (theirs, ours)
        ]
        if outcomes[0] != outcomes[1]:
            yield Difference("finish", call, *outcomes)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    return bool(one == other)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(f"{key} {_text(one)}" for key, one in value.items())


def _text(value: Any) -> str:
    """A value for people, the same on every computer."""
    text = value if value in (NOTHING, "listed") else json.dumps(value, sort_keys=True, ensure_ascii=False)
    text = text.encode("utf-8", "backslashreplace").decode()
    text = re.sub(r"0x[0-9a-f]{8,16}\b", "0x…", text)
    text = re.sub(r"from '[^']*'", "from …", text)
    return text if len(text) <= 70 else text[:66] + " …"


# -- telling ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reason:
    """Why some differences are: the first whose test says yes counts."""

    title: str
    why: str
    fits: Callable[[Difference], bool]


def _has(*parts: str) -> Callable[[Difference], bool]:
    return lambda one: any(part in one.call for part in parts)


def _of(groups: str, *parts: str) -> Callable[[Difference], bool]:
    return lambda one: one.group in groups.split() and (not parts or any(part in one.call for part in parts))


def _raised(one: Difference) -> bool:
    """Also what follows from a call that only ours has taken."""
    follows = one.call.startswith("then ") and one.group not in ("save", "define_metric")
    is_taken = one.theirs.startswith("raises") and not one.ours.startswith("raises")
    return one.group != "init" and (is_taken or follows)


REASONS = (
    Reason(
        "Files that save() finds",
        "Files are taken, not folders, pipes or links to nothing; `**` goes through all folders, but not into the"
        " runs' own and not twice through a link; a name that exists is taken as it is, brackets or not.",
        _of("save", "sub/*", "**", "linked", "broken", "pipe", "c[1]", "deep", "other", "outside"),
    ),
    Reason(
        "Files that are called like the run's own",
        "The official client puts a link in the place of the run's file: the console is then written into the "
        "person's file, or theirs is never sent. Here it is sent as `saved/NAME`, which is told, and is not among"
        " the paths that `save` gives.",
        _of("save", "wandb-summary.json", "requirements.txt", "config.yaml", "'*.txt'"),
    ),
    Reason(
        "Config items may be changed",
        "A change is recorded and told once; the official client raises unless `allow_val_change=True`.",
        lambda one: (
            one.group == "config"
            and (
                "ConfigError" in one.theirs
                or ("run.config" in one.call and not one.theirs.startswith("raises") and "'k'" not in one.call)
            )
        ),
    ),
    Reason(
        "Nothing is raised once a run has begun",
        "A training must not end for what it wants to have recorded. What cannot be taken is told once, on stderr"
        " and in the run's console, and costs itself: an odd value is kept as text, an odd argument is replaced "
        "by the usual one, an odd step by the current one, a call on a finished run does nothing. Keys that are "
        "no text become text. Rows that begin with *then* follow from a call above them.",
        _raised,
    ),
    Reason(
        "Exact numbers and durations are numbers",
        "So that they can be plotted and compared. Durations are seconds.",
        _has("Decimal", "Fraction", "timedelta"),
    ),
    Reason(
        "Large integers",
        "Exact up to 24 digits; longer ones become doubles, and beyond a double's range hexadecimal text. Readers"
        " of a log refuse a whole row for a number that is none of these.",
        _has("2**64", "2**63", "10**"),
    ),
    Reason("Halves of surrogate pairs", "They are no text in UTF-8, and become U+FFFD everywhere.", _has("ud800")),
    Reason(
        "Arrays in configs and summaries",
        "In a config an array is the list of its elements, one element the element; the official client writes "
        "numpy's text, shortened beyond a thousand elements. In a summary it is the histogram that a row would "
        "have.",
        lambda one: (
            "np." in one.call
            and one.group in ("config", "update", "summary", "init")
            and "nan')" not in one.call
            and "bytes_" not in one.call
        ),
    ),
    Reason("NaN stays NaN", "In configs and summaries, too.", _has("nan")),
    Reason("Bytes are text", "Of any kind, and in a config, too.", _has("bytearray", "bytes_")),
    Reason(
        "Objects are asked what they are",
        "A mapping of any kind is a dict, and what gives a number as `float` is that number.",
        _has("ChainMap", "Mapped", "Itself", "Number()"),
    ),
    Reason("Slices are text", "", _has("slice(")),
    Reason("Enums in summaries", "Their value, as in rows.", _of("summary", "Colour", "Level")),
    Reason(
        "More is taken as an argument",
        "Numbers as text, the path of a JSON file as a config, settings that the recorder does not know (they are"
        " passed over), an empty id for none.",
        lambda one: one.group == "init" and one.theirs.startswith("raises"),
    ),
    Reason(
        "What the recorder refuses",
        "`init` may raise, before training starts, and says what to do: ids that are no file name, YAML (reading "
        "it needs a package), settings that are none, and forking, which needs the server.",
        lambda one: one.group == "init" and one.ours.startswith("raises"),
    ),
    Reason("Tags", "Each one once; setting None takes them away.", _has("tags")),
    Reason("No project", "The server chooses, where none is named.", _of("init", "project=None")),
    Reason(
        "define_metric",
        "`best` and `goal` of older clients are taken; each record says all that is known of its metric; "
        "`step_sync` without a step metric has no effect.",
        _of("define_metric"),
    ),
    Reason(
        "Names", "Without a name the id stands for it; a number is taken as text.", _of("identity", "run.name", "notes")
    ),
    Reason("A finished run can be read", "Name and summary are still there.", _of("finish")),
    Reason("Not there", "There is no view for notebooks.", _of("identity", "to_html")),
    Reason("Items that are missing", "`hasattr` works.", _of("summary", "missing")),
    Reason("Order of keys", "As they were set.", _of("summary", "sorted")),
)
"""The first that fits counts."""


def reason_of(difference: Difference) -> Reason | None:
    """The reason that is written down for a difference."""
    return next((one for one in REASONS if one.fits(difference)), None)


def page(differences: list[Difference]) -> str:
    """docs/differences.md."""
    calls = len(every_value.VALUES) * len(every_value.FORMS) + len(every_value.INITS) + len(every_value.ENDS)
    calls += sum(map(len, every_value.CALLS.values()))
    lines = [
        "# Where the recorder differs from wandb",
        "",
        f"{calls:,} calls of `init`, `log`, `config`, `summary`, `define_metric`, `save`, `alert` and `finish` were",
        "made with both clients, `wandb` 0.31.0 and ours, and what their logs hold was compared. All that differs is",
        "here, with the reason. A test makes this page from the calls and fails when it is not true any more",
        "(`tests/contracts/recorder/test_differences.py`; `differences.py` beside it writes the page anew).",
    ]
    for reason in REASONS:
        rows = _rows([one for one in differences if reason_of(one) is reason])
        if rows:
            lines += ["", f"## {reason.title}", "", *([textwrap.fill(reason.why, 120), ""] if reason.why else [])]
            lines += ["| | wandb 0.31.0 | Runferry |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _rows(differences: list[Difference]) -> list[str]:
    """Calls with one outcome in one line."""
    forms = {form: pattern.replace("key", "'k'") for form, pattern in every_value.FORMS.items()}
    calls: dict[tuple[str, str, str], list[str]] = {}
    for one in differences:
        value = None
        if one.group in forms:
            before, after = forms[one.group].split("_", 1)
            if one.call.startswith(before) and one.call.endswith(after):
                value = one.call[len(before) : len(one.call) - len(after)]
        calls.setdefault((value or one.call, one.theirs, one.ours), []).append(one.group if value else "")
    return [
        f"| {_code(call)}{' in ' + ', '.join(groups) if groups[0] else ''} | {_cell(theirs)} | {_cell(ours)} |"
        for (call, theirs, ours), groups in calls.items()
    ]


def _cell(outcome: str) -> str:
    for word in ("raises ", "gives "):
        if outcome.startswith(word):
            head, _, tail = outcome.partition("; ")
            return f"{word}{_code(head[len(word) :])}{'; ' + tail if tail else ''}"
    return outcome if outcome in (NOTHING, "listed", "records nothing") else _code(outcome)


def _code(text: str) -> str:
    text = text.replace("|", "\\|").replace("\n", "\\n")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        told = found(CHECKOUT / ".venvs" / "wandb" / "bin" / "python", Path(place))
    without = [one for one in told if reason_of(one) is None]
    print(f"{len(told)} differences, {len(without)} without a reason", *without, sep="\n")
    PAGE.write_text(page(told), encoding="utf-8")

"""`runferry inspect`: what a run folder holds, without any server."""

from __future__ import annotations

import argparse
import json
from typing import Any

from runferry.cli.home import path_of
from runferry.cli.output import tell, tell_json
from runferry.cli.progress import size
from runferry.counted import count_of
from runferry.formats.inspect import Inspection, inspect, strict
from runferry.status import DamageReport

LONGEST = 500  # characters of config and summary
EXAMPLES = (
    "runferry inspect wandb/latest-run",
    "runferry inspect run-a1b2c3d4.wandb --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("path", metavar="PATH", help="run folder or .wandb file")
    parser.add_argument("--json", action="store_true", help="one JSON object; non-finite numbers are text")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    found = inspect(path_of(args.path))
    if args.json:
        tell_json(found.as_dict())
    else:
        _show(found)
    return 0


def _show(found: Inspection) -> None:
    lines = {
        "run": f"{found.name or found.run_id} ({found.run_id})",
        "project": "/".join(part for part in (found.entity, found.project) if part) or "(none)",
        "writer": found.writer,
        "tags": ", ".join(found.tags),
        "rows": f"{found.rows:,}",
        "keys": ", ".join(found.keys[:20]) + (" …" if len(found.keys) > 20 else ""),
        "config": _brief(found.config),
        "summary": _brief(found.summary),
        "events": count_of(found.events, "system sample"),
        "console": count_of(found.console_lines, "line"),
        "files": ", ".join(found.files[:20]),
        "exit code": "none yet" if found.exit_code is None else str(found.exit_code),
        "damage": "none" if found.damage is None else _lost(found.damage),
    }
    for name, text in lines.items():
        if text:
            tell(f"{name:>10}  {text}")
    for detail in found.damage.details if found.damage else ():
        tell(f"{'':>10}  {detail}")


def _brief(value: dict[str, Any]) -> str:
    return json.dumps(strict(value), ensure_ascii=False)[:LONGEST]


def _lost(damage: DamageReport) -> str:
    rows = "" if damage.rows is None else f", about {count_of(damage.rows, 'row')}"
    return f"{count_of(damage.gaps, 'gap')}, {size(damage.bytes)}{rows} lost; the rest can be read"

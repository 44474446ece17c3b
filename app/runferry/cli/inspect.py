"""`runferry inspect`: what a run folder holds, without any server."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from runferry.counted import count_of
from runferry.formats.inspect import Inspection, inspect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("path", metavar="PATH", help="run folder or .wandb file")
    parser.add_argument("--json", action="store_true", help="one JSON object; non-finite numbers are text")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    found = inspect(Path(args.path).expanduser().absolute())
    if args.json:
        print(json.dumps(found.as_dict(), ensure_ascii=False, allow_nan=False))
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
        "config": json.dumps(found.config, ensure_ascii=False)[:500],
        "summary": json.dumps(found.summary, ensure_ascii=False)[:500],
        "events": count_of(found.events, "system sample"),
        "console": count_of(found.console_lines, "line"),
        "files": ", ".join(found.files[:20]),
        "exit code": "none yet" if found.exit_code is None else str(found.exit_code),
        "damage": "none" if not found.damage else json.dumps(found.damage),
    }
    for name, text in lines.items():
        if text:
            print(f"{name:>10}  {text}")

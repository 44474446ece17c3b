"""`runferry verify`: compare a run with what the server has; sends nothing."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runferry.cli.home import owned_engine, prepare, running_owner
from runferry.counted import count_of
from runferry.engine.audit import audit
from runferry.errors import PermanentError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("run", metavar="RUN", help="path of a run folder, or id or name of a run that was sent")
    parser.add_argument("--deep", action="store_true", help="read every row back and compare")


def main(args: argparse.Namespace) -> int:
    """Run the command: 0 when everything agrees."""
    around = prepare()
    path = Path(args.run).expanduser()
    run = str(path.absolute()) if path.exists() else args.run
    client = running_owner(around)
    reports: list[dict[str, Any]] = []
    if client is not None:
        with client:
            told: dict[str, Any] = {}
            answer = client.request("verify", {"run": run, "deep": args.deep}, on_progress=told.update)
        if answer.error:
            raise PermanentError(**{name: str(text) for name, text in answer.error.items()})
        reports = told.get("reports", [])
    else:
        with owned_engine(around, "verify") as engine:
            reports = [asdict(one) for one in audit(engine, run, args.deep)]
    for one in reports:
        how = "every row read back" if one["deep"] else "counts, last row, summary, config, end, files"
        print(f"{'!' if one['wrong'] else '✓'} {one['run_id']}  {count_of(one['rows'], 'row')}  {one['url']}  ({how})")
        for wrong in one["wrong"]:
            print(f"    {wrong}")
        if one["not_told"]:
            print(f"    not told by the server: {', '.join(one['not_told'])}")
    return 1 if any(one["wrong"] for one in reports) else 0

"""`runferry verify`: compare a run with what the server has; sends nothing."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from runferry.cli.home import owned_engine, prepare, raise_told, run_of, running_owner
from runferry.cli.output import tell, tell_json, warn
from runferry.counted import count_of
from runferry.engine.audit import audit

EXAMPLES = (
    "runferry verify a1b2c3d4",
    "runferry verify wandb/offline-run-20260131_093000-a1b2c3d4 --deep",
    "runferry verify a1b2c3d4 --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("run", metavar="RUN", help="path of a run folder, or id or name of a run that was sent")
    parser.add_argument("--deep", action="store_true", help="read every row back and compare")
    parser.add_argument("--json", action="store_true", help="one JSON object; its `schema` is 1")


def main(args: argparse.Namespace) -> int:
    """Run the command: 0 when everything agrees."""
    around = prepare()
    run = run_of(args.run)
    client = running_owner(around)
    reports: list[dict[str, Any]] = []
    if client is not None:
        with client:
            told: dict[str, Any] = {}
            answer = client.request("verify", {"run": run, "deep": args.deep}, on_progress=told.update)
        raise_told(answer)
        reports = told.get("reports", [])
    else:
        with owned_engine(around, "verify") as engine:
            reports = [asdict(one) for one in audit(engine, run, args.deep)]
    is_good = not any(one["wrong"] for one in reports)
    if args.json:
        tell_json({"schema": 1, "good": is_good, "reports": reports})
    else:
        for one in reports:
            _show(one, warn if one["wrong"] and args.quiet else tell)
    return 0 if is_good else 1


def _show(report: dict[str, Any], say_it: Callable[..., None]) -> None:
    """One run on one server."""
    how = "every row read back" if report["deep"] else "counts, last row, summary, config, end, files"
    sign, rows = "!" if report["wrong"] else "✓", count_of(report["rows"], "row")
    say_it(f"{sign} {report['run_id']}  {rows}  {report['url']}  ({how})")
    for wrong in report["wrong"]:
        say_it(f"    {wrong}")
    if report["not_told"]:
        say_it(f"    not told by the server: {', '.join(report['not_told'])}")

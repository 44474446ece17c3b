"""`runferry clean`: puts run folders into the trash that a server elsewhere verifiably has."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runferry.cli.home import Surroundings, owned_engine, prepare, raise_told, running_owner
from runferry.cli.init import existing
from runferry.cli.output import ask, is_asked, say, tell, tell_json, warn
from runferry.counted import count_of
from runferry.engine.cleaning import Candidate, candidates_in, to_trash

EXAMPLES = (
    "runferry clean --dry-run",
    "runferry clean ~/experiments/wandb --min-age 72 --yes",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("directory", metavar="DIR", nargs="?", default="", help="default: $WANDB_DIR, else here")
    parser.add_argument(
        "--min-age", type=float, default=24.0, metavar="HOURS", help="unchanged for so long; default 24"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and leave it")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output; asks nothing")


def main(args: argparse.Namespace) -> int:
    """Run the command: 0, or 1 when something could not be moved to the trash."""
    root = existing(args.directory or os.environ.get("WANDB_DIR") or ".")
    candidates, skipped = _look(prepare(), root, max(args.min_age, 0.0) * 3600)
    if not args.json:
        _show(candidates, skipped)
    failed: list[tuple[str, str]] = []
    gone: list[str] = []
    if candidates and not args.dry_run and (args.yes or _confirmed(len(candidates), args.json)):
        gone, failed = _to_trash(candidates)
        say(f"In the trash: {count_of(len(gone), 'folder')}. It frees no space until it is emptied.")
        for path, why in failed:
            warn(f"! {path}: {why}")
    if args.json:
        told = {"candidates": [asdict(one) for one in candidates], "kept": skipped, "trashed": gone, "failed": failed}
        tell_json(told)
    return 1 if failed else 0


def _look(around: Surroundings, root: Path, min_age: float) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """Ask the Runferry that owns the state folder, or be it for a moment."""
    client = running_owner(around)
    if client is None:
        with owned_engine(around, "clean") as engine:
            return candidates_in(engine, root, min_age)
    told: dict[str, Any] = {}
    with client:
        answer = client.request("clean", {"root": str(root), "min_age": min_age}, on_progress=told.update)
    raise_told(answer)
    candidates = [Candidate(**one) for one in told.get("candidates", [])]
    return candidates, [(path, why) for path, why in told.get("skipped", [])]


def _show(candidates: list[Candidate], skipped: list[tuple[str, str]]) -> None:
    for one in sorted(candidates, key=lambda one: -one.size):
        tell(f"{_bytes(one.size):>9}  {one.path}  (on {one.server})")
    for path, why in skipped:
        tell(f"{'kept':>9}  {path}  ({why})")
    total = sum(one.size for one in candidates)
    tell(f"{_bytes(total):>9}  in {count_of(len(candidates), 'folder')} could go; {len(skipped)} are kept")


def _confirmed(count: int, is_json: bool) -> bool:
    if is_json or not is_asked():
        warn("Nothing was moved: say --yes to move them to the trash without being asked.")
        return False
    return ask(f"Move {count_of(count, 'folder')} to the trash? [y/N]").lower() in ("y", "yes")


def _to_trash(candidates: list[Candidate]) -> tuple[list[str], list[tuple[str, str]]]:
    gone: list[str] = []
    failed: list[tuple[str, str]] = []
    for one in candidates:
        why = to_trash(one)
        if why:
            failed.append((one.path, why))
        else:
            gone.append(one.path)
    return gone, failed


def _bytes(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return ""

"""`runferry sync --dry-run`: what is there, where it would go, what would be sent. Sends nothing, asks no server."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from runferry.cli.home import Surroundings
from runferry.cli.output import tell, tell_json, warn
from runferry.cli.progress import size
from runferry.counted import count_of
from runferry.engine.choice import Choice
from runferry.engine.job import SyncRequest
from runferry.engine.plan import Planned, known_links, plan


def show_plan(around: Surroundings, request: SyncRequest, choice: Choice, as_json: bool) -> int:
    """Print the plan; 2 when something named is not a run."""
    with known_links(around.home) as known:
        planned, rejected = plan(around.settings, request, choice, os.environ, known)
    for one in planned:
        if as_json:
            tell_json(asdict(one))
        else:
            tell(*_lines(one))
    for status in rejected:
        error: dict[str, Any] = status.error or {}
        if as_json:
            tell_json({"path": status.path, "error": error})
        warn(f"– {status.path}: {error.get('title')}. {error.get('message')}")
    return 2 if rejected else 0


def _lines(one: Planned) -> tuple[str, ...]:
    damage = f", damaged: {count_of(one.gaps, 'gap')}" if one.gaps else ""
    goes = f"{one.entity or '(your default)'} / {one.project} / {one.run_id}"
    return (
        f"{one.name or one.run_id}  {one.kind}, {one.writer}{damage}",
        f"  {one.path}",
        f"  {count_of(one.rows, 'row')}, {count_of(one.events, 'system sample')}, "
        f"{count_of(one.console_writes, 'console write')}, {count_of(len(one.files), 'file')}, {size(one.bytes)}",
        f"  → {one.server}: {goes}",
        f"  would be sent: {', '.join(one.sends)}",
    )

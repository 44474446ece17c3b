"""`runferry status`: what the running Runferry does; without one, what the ledger knows."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from runferry.cli.home import OWNER_PATIENCE, Surroundings, prepare, running_owner
from runferry.cli.measured import measured_lines
from runferry.cli.output import say, tell, tell_json
from runferry.cli.progress import result_line
from runferry.counted import count_of
from runferry.engine.problems import OWN_FAULTS
from runferry.engine.recorded import recorded_snapshot

EXAMPLES = (
    "runferry status",
    "runferry status --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("--json", action="store_true", help="one JSON object; its `schema` is 1")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    around = prepare()
    snapshot, is_running = _snapshot(around)
    if args.json:
        tell_json({**snapshot, "running": is_running})
        return 0
    if not is_running:
        say("Runferry is not running; this is what was recorded. Start it with `runferry watch`.")
    if snapshot["is_paused"]:
        tell(f"Everything is {paused_words(snapshot['paused_until'], '', snapshot['time'])}.")
    for server in snapshot["servers"]:
        tell(_server_line(server, snapshot["time"]))
    for folder in snapshot["folders"]:
        why = f" ({folder['reason']})" if folder["reason"] else ""
        set_for_it = {"sync": ", every run is sent", "ask": ", sent only on request"}.get(folder["mode"], "")
        runs = count_of(folder["runs"], "run")
        tell(f"  {folder['path']}: {runs}, watched by {folder['method']}{why}{set_for_it}")
    for problem in _own_faults(snapshot):
        tell(f"! {problem['title']}. {problem['message']} {problem['todo']}")
    for line in measured_lines(snapshot.get("measured"), {run["path"]: run["name"] for run in snapshot["runs"]}):
        tell(line)
    for run in snapshot["runs"]:
        tell(result_line(run))
    if not snapshot["runs"]:
        tell("No runs yet.")
    return 0


def _own_faults(snapshot: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in snapshot["problems"] if one["slug"] in OWN_FAULTS]


def _snapshot(around: Surroundings) -> tuple[dict[str, Any], bool]:
    client = running_owner(around)
    if client is None:
        return recorded_snapshot(around.home, around.settings, os.getpid()).as_dict(), False
    told: dict[str, Any] = {}
    with client:
        client.request("status", on_progress=told.update, patience=OWNER_PATIENCE)
    return told, True


def paused_words(until: float | None, because: str, now: float) -> str:
    """paused until 14:30 · paused (metered network) · paused until `runferry resume`. Times: since the epoch."""
    if because:
        return f"paused ({because})"
    if until is None:
        return "paused until `runferry resume`"
    end = time.localtime(until)
    is_today = end[:3] == time.localtime(now)[:3]
    return f"paused until {time.strftime('%H:%M' if is_today else '%Y-%m-%d %H:%M', end)}"


def _server_line(server: dict[str, Any], now: float) -> str:
    is_paused = server["state"] == "paused"
    state = (
        paused_words(server["paused_until"], server.get("paused_because", ""), now) if is_paused else server["state"]
    )
    line = f"{server['url']}: {state}"
    if server["cause"] and server["state"] != "online":
        line += f" — {server['cause']['title']}. {server['cause']['message']}"
    if server["page"]:
        line += f" Sign in at {server['page']}."
    if server["requests_per_second"]:
        line += f" {server['requests_per_second']:g} requests per second."
    if server["proxy"]:
        line += f" Proxy: {server['proxy']}."
    if server["next_try"]:
        line += f" Attempt {server['attempt']}, next try in {max(server['next_try'] - time.time(), 0):.0f} s."
    if server["runs_waiting"]:
        line += f" {count_of(server['runs_waiting'], 'run')} waiting."
    return line

"""What the pictures show: an invented laboratory's runs, servers and problems. Nothing of the machine that draws."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import Any

from runferry.desktop.bridge import Update
from runferry.desktop.summary import live_runs, totals
from runferry.engine.problems import fix_for
from runferry.status import (
    About,
    Attempt,
    ConnectionState,
    DamageReport,
    FolderStatus,
    Problem,
    RunState,
    RunStatus,
    ServerStatus,
    Snapshot,
    SyncState,
)

NOW = time.time()
COMPANY, LOCAL, CLOUD = "https://wandb.helmholtz-lab.example", "http://127.0.0.1:8756", "https://api.wandb.ai"
HOME = "/home/ada/experiments"
UNTRUSTED = {
    "slug": "tls-unknown-ca",
    "title": "Certificate not trusted",
    "message": 'The certificate of wandb.helmholtz-lab.example was issued by "Helmholtz Lab Root CA", which this '
    "computer does not trust.",
    "todo": "Add your company's certificate; your administrator has it.",
}
NAME_UNKNOWN = {
    "slug": "dns",
    "title": "Server name unknown",
    "message": "Cannot find wandb.helmholtz-lab.example.",
    "todo": "Are you on the company network or VPN?",
}
LONG = {
    "slug": "refused-row",
    "title": "The server refused a row",
    "message": "\n".join(f"line {at:02} of what the server said about row 4,411: out of range" for at in range(40)),
    "todo": "Log a smaller value, then try again.",
}  # fmt: skip


def run(number: int, name: str, project: str, server: str, state: SyncState, **told: Any) -> RunStatus:
    """One run; everything in it, all sent, unless told otherwise."""
    rows = told.pop("rows", 2000)
    size = told.pop("bytes_total", rows * 324)
    values: dict[str, Any] = {
        "run_state": RunState.FINISHED,
        "rows_acknowledged": rows,
        "bytes_read": size,
        "last_step": rows - 1,
        "started": NOW - number * 5400 - 300,
        "url": f"{server}/vision/{project}/runs/{number:08x}",
        **told,
    }
    path = f"{HOME}/{project}/wandb/offline-run-20261122_{number:06}-{number:08x}"
    return RunStatus(
        path, f"{number:08x}", "vision", project, name, server, state=state, rows=rows, bytes_total=size,
        key=f"run{number}", **values,
    )  # fmt: skip


def typical() -> tuple[RunStatus, ...]:
    """Something of everything."""
    live = {"run_state": RunState.RUNNING}
    moving, sent, done = SyncState.SYNCING, SyncState.SENT, SyncState.VERIFIED
    legacy = run(
        52_000, "dryrun-20200731_101500", "mnist", "", SyncState.WAITING, rows=300, held="you decide when", url=""
    )
    return (
        run(0, "resnet-7", "imagenet", COMPANY, moving, rows=12_400, rows_acknowledged=12_380, **live),
        run(1, "resnet-7-wide", "imagenet", COMPANY, sent, rows=9_112, metric="loss 0.318", **live),
        run(2, "vit-small, lr 3e-4", "imagenet", LOCAL, moving, rows=48_000, rows_acknowledged=20_160, **live),
        run(3, "my awesome run", "demo", COMPANY, done),
        run(4, "sweep-12", "demo", COMPANY, done, rows=4_969, damage=DamageReport(2, 65_536, 31)),
        run(5, "sweep-11", "demo", COMPANY, done, rows=5_000),
        run(6, "sweep-10", "demo", COMPANY, done, rows=5_000, run_state=RunState.KILLED),
        run(8, "unet-baseline", "segmentation", LOCAL, SyncState.PAUSED, rows=30_210, rows_acknowledged=11_000),
        run(9, "unet-dice", "segmentation", LOCAL, SyncState.WAITING, rows=0, bytes_total=8_400_000, last_step=None),
        run(11, "segformer-b2", "segmentation", COMPANY, done, rows=88_000),
        run(26, "lstm-notebook", "language", CLOUD, done, rows=640, run_state=RunState.CRASHED),
        replace(legacy, started=NOW - 6.3 * 365 * 86400),
    )  # fmt: skip


def overfull() -> tuple[RunStatus, ...]:
    """Ten thousand, with names that nobody should give."""
    chance = random.Random(4)
    states = [SyncState.VERIFIED] * 12 + [SyncState.SYNCING, SyncState.PROBLEM, SyncState.RETRYING, SyncState.WAITING]
    found = []
    for number in range(10_000):
        rows = chance.randrange(10, 200_000)
        name = f"sweep {number:05} " + "lr=3e-4,wd=0.05,depth=12,heads=8,aug=randaug-m9-mstd0.5,ema=0.9999," * (
            number % 4
        )
        state = chance.choice(states)
        error = LONG if state is SyncState.PROBLEM else None
        sent = rows if state is SyncState.VERIFIED else chance.randrange(rows)
        found.append(
            run(number, name, f"project-{number % 7}", COMPANY, state, rows=rows, rows_acknowledged=sent, error=error)
        )
    return tuple(found)


def servers_well() -> tuple[ServerStatus, ...]:
    """All answer."""
    return (
        ServerStatus(COMPANY, ConnectionState.ONLINE, latency=0.031, bytes_per_second=310e3, since=NOW - 7200),
        ServerStatus(LOCAL, ConnectionState.ONLINE, latency=0.004, bytes_per_second=52e3, since=NOW - 7200),
    )


def servers_away() -> tuple[ServerStatus, ...]:
    """One does not answer, one is slow, one is here."""
    attempts = (
        Attempt(NOW - 18, "name lookup", "name lookup failed", False, 0.02),
        Attempt(NOW - 80, "name lookup", "name lookup failed", False, 0.02),
        Attempt(NOW - 110, "rows", "connection reset", False, 12.4, rows_again=128),
        Attempt(NOW - 140, "rows", "accepted", True, 0.04, count=212),
    )
    away = ServerStatus(
        COMPANY, ConnectionState.RETRYING, cause=NAME_UNKNOWN, attempt=3, next_try=NOW + 42, since=NOW - 110,
        runs_waiting=3, rows_waiting=14_200, files_waiting=2, attempts=attempts,
    )  # fmt: skip
    slow = ServerStatus(CLOUD, ConnectionState.SLOWED, latency=0.21, requests_per_second=3.0, bytes_per_second=88e3)
    return away, ServerStatus(LOCAL, ConnectionState.ONLINE, latency=0.004), slow


def servers_untrusted() -> tuple[ServerStatus, ...]:
    """One waits for a certificate."""
    first = ServerStatus(COMPANY, ConnectionState.UNTRUSTED, cause=UNTRUSTED, since=NOW - 300, runs_waiting=5)
    return first, ServerStatus(LOCAL, ConnectionState.ONLINE, latency=0.004)


def problems() -> tuple[Problem, ...]:
    """Three things that need a person."""

    def made(number: int, error: dict[str, str], about: About, subject: str, **more: str) -> Problem:
        fix = fix_for(error["slug"])
        return Problem(
            f"p{number}",
            error["slug"],
            error["title"],
            error["message"],
            error["todo"],
            "",
            fix,
            about,
            subject,
            **more,
        )

    deleted = {
        "slug": "deleted-on-server",
        "title": "The run was deleted on the server",
        "message": "sweep-9 was deleted on wandb.helmholtz-lab.example; nothing more is sent to it.",
        "todo": "Upload it as a new run, or leave it.",
    }
    gone = {
        "slug": "folder-gone",
        "title": "A watched folder is gone",
        "message": "/mnt/scratch/ada cannot be read: no such file or directory.",
        "todo": "Connect the disk, or stop watching the folder.",
    }
    return (
        made(1, UNTRUSTED, About.SERVER, COMPANY, server=COMPANY),
        made(2, deleted, About.RUN, "run7", server=COMPANY, name="sweep-9"),
        made(3, gone, About.FOLDER, "/mnt/scratch/ada"),
    )


def update(runs: tuple[RunStatus, ...], servers: tuple[ServerStatus, ...], *told: Problem) -> Update:
    """What a bridge would bring."""
    folders = (
        FolderStatus(HOME, COMPANY, "notifications", runs=len(runs)),
        FolderStatus("/mnt/scratch/ada", LOCAL, "polling", "a network drive sends no notifications", runs=3),
    )
    return Update(Snapshot("1", 1, NOW, (), servers, folders, told), totals(runs), runs, live=live_runs(runs))

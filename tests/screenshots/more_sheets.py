"""More sheets of the pictures: how a drop goes on and ends, a check of a server, a certificate, what is asked once."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import scenes

from runferry.desktop.cleaning import sheet as cleaning
from runferry.desktop.drop.progress import Progress
from runferry.desktop.drop.sheet import SIZE
from runferry.desktop.network.check import CheckView
from runferry.desktop.runs.stop_sheet import StopSheet
from runferry.desktop.settings.inspect_sheet import InspectSheet
from runferry.engine.certificate_files import Certificate, Inspection
from runferry.engine.cleaning import Candidate, Stays
from runferry.engine.doctor import Mark, Step
from runferry.engine.stopping import Target
from runferry.status import DamageReport, RunStatus, SyncState

ISSUER = "CN=Helmholtz Lab Root CA,O=Helmholtz Lab,C=DE"
CHAIN = (
    "CN=wandb.helmholtz-lab.example,O=Helmholtz Lab,C=DE",
    "    valid 2026-04-30 to 2027-04-30",
    f"    ✗ issued by {ISSUER}, which is not trusted here",
)
SKIPPED = "an earlier step failed"
REFUSED = {
    "slug": "run-deleted",
    "title": "The run was deleted on the server",
    "message": "sweep-13 was deleted on wandb.helmholtz-lab.example; nothing more is sent to it.",
    "todo": "Upload it as a new run, or leave it.",
}


def drop_progress(stage: Any) -> Iterator[str]:
    """Three runs on their way, then what came of them."""
    page = Progress(stage.context, stage.window.close_sheet)
    runs = _dropped()
    stage.bridge.runs.update((one.key, one) for one in runs)
    stage.window.sheet("Sync runs", page, *SIZE)
    page.begin(runs)
    yield "drop-progress"
    done = [replace(one, state=SyncState.VERIFIED, rows_acknowledged=one.rows) for one in runs]
    done[2] = replace(runs[2], state=SyncState.PROBLEM, error=REFUSED)
    page._take(done)
    page.table.setCurrentIndex(page.model.index(2, 1))
    yield "drop-result"


def _dropped() -> list[RunStatus]:
    server = scenes.COMPANY
    return [
        scenes.run(4100, "my awesome run", "demo", server, SyncState.VERIFIED),
        scenes.run(
            4101,
            "sweep-12",
            "demo",
            server,
            SyncState.SYNCING,
            rows=4_969,
            rows_acknowledged=3_100,
            damage=DamageReport(2, 65_536, 31),
        ),
        scenes.run(4102, "sweep-13", "demo", server, SyncState.WAITING, rows=300, rows_acknowledged=0),
    ]


def check(stage: Any) -> Iterator[str]:
    """A walk to a server that works, and one that ends at its certificate."""
    step = _step
    begin = [
        step("trust", "system's trust store"),
        step("name", "wandb.helmholtz-lab.example, port 443"),
        step("proxy", "none: directly"),
        step("address", "192.0.2.17", 0.021),
        step("connection", "connected to 192.0.2.17:443", 0.012),
    ]
    good = [
        step("TLS", f"TLSv1.3; trusted, issued by {ISSUER}", 0.034),
        step("W&B server", "it speaks the protocol", 0.043),
        step("clock", "agrees with the server's to 1 s"),
        step("key", "from keyring"),
        step("login", "ada, team vision", 0.051),
        step("write", "a test run in vision/uncategorized was made", 0.093),
        step("upload", "64 bytes to wandb.helmholtz-lab.example, and the server lists them", 0.122),
        step("tidy up", "the test run and its file are deleted", 0.04),
    ]
    yield from _walked(stage, [*begin, *good], "check")
    bad = Step(
        "TLS",
        Mark.BAD,
        scenes.UNTRUSTED["message"],
        scenes.UNTRUSTED["todo"],
        0.031,
        CHAIN,
        scenes.UNTRUSTED["slug"],
    )
    skipped = [Step("W&B server", Mark.SKIPPED, SKIPPED)]
    yield from _walked(stage, [*begin, bad, *skipped], "check-failed")


def _step(name: str, said: str, seconds: float = 0.0) -> Step:
    return Step(name, Mark.GOOD, said, seconds=seconds)


def _walked(stage: Any, steps: list[Step], name: str) -> Iterator[str]:
    view = CheckView(stage.context, scenes.COMPANY, lambda helped: None)
    stage.window.sheet("Check connection: wandb.helmholtz-lab.example", view, 680, 600)
    view._walk = walk = object()  # type: ignore[assignment] # it asks nobody: the steps are told by hand
    for one in steps:
        view.show_step(one)
    view._over(walk, None)  # type: ignore[arg-type]
    yield name


def certificate(stage: Any) -> None:
    """A company's authority, before anybody trusts it."""
    day = datetime.datetime(2024, 5, 1, tzinfo=datetime.timezone.utc)
    fingerprint = ":".join(f"{(37 * at + 11) % 256:02X}" for at in range(32))
    one = Certificate(
        subject=ISSUER,
        issuer=ISSUER,
        not_before=day,
        not_after=day.replace(year=2034),
        sha256=fingerprint,
        is_ca=True,
        is_self_signed=True,
        organisation="Helmholtz Lab",
        names=(),
        issuer_url="",
        has_authority_key=True,
        der=b"",
    )
    inspection = Inspection(Path("/home/ada/Downloads/helmholtz-root-ca.pem"), (one,))
    sheet = InspectSheet(inspection, (scenes.COMPANY,), lambda server: None, stage.window.close_sheet)
    stage.window.sheet("A certificate to trust?", sheet, 640, 420)


def stop(stage: Any) -> None:
    """The question before a training is interrupted."""
    target = Target(scenes.HOME, "4twpetmo", 4411, "python train.py --lr 3e-4 --model resnet")
    sheet = StopSheet("resnet-7", [target], lambda: None, stage.window.close_sheet)
    stage.window.sheet("Stop this training?", sheet, 520, 260)


def clean(stage: Any) -> None:
    """Two folders that could go, and why others stay."""
    sheet = cleaning.CleaningSheet(stage.context, [], stage.window.close_sheet)
    stage.window.sheet("Free up space", sheet, cleaning.WIDTH, cleaning.HEIGHT)
    stage.until(lambda: not sheet.is_looking)

    def folder(number: int) -> str:
        return f"{scenes.HOME}/demo/wandb/offline-run-20261103_10{number:02}00-{number:08x}"

    def could(number: int, size: int) -> Candidate:
        url = f"{scenes.COMPANY}/vision/demo/runs/{number:08x}"
        return Candidate(folder(number), f"{number:08x}", scenes.COMPANY, url, size, "", 0, 0)

    sheet.model.take(
        [
            could(1, 648_000_000),
            could(2, 1_600_000),
            Stays(folder(3), "not verified on any server"),
            Stays(folder(4), "verified on this computer only: that is no second copy"),
            Stays(folder(5), "in use: a process has its log open"),
        ]
    )
    sheet._refresh()

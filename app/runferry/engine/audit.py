"""`runferry verify`: compares a log with what servers have of it, from both sides afresh, and sends nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from sqlite3 import Row

from runferry.clock import SystemClock
from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.named import named_runs
from runferry.engine.own_server import own_identity
from runferry.engine.recorded import server_address
from runferry.errors import PermanentError
from runferry.formats.detect import RunFolder
from runferry.remote.runs import Created
from runferry.state.delivery import Delivery
from runferry.sync import artifact_check, verification
from runferry.sync.artifact_files import open_named
from runferry.sync.connection import Connection
from runferry.sync.links import RunLinks
from runferry.sync.resumed_steps import Renumber
from runferry.sync.run_files import newest_files
from runferry.sync.source import Source
from runferry.sync.whole_run import WholeRun
from runferry.sync.wishes import app_wishes, combine


@dataclass(frozen=True)
class Report:
    """One run on one server. `rows`: in the log; `wrong`: what does not agree, `not_told`: what the server does not
    tell, in words."""

    path: str
    run_id: str
    entity: str
    project: str
    server: str
    url: str
    rows: int
    deep: bool
    wrong: list[str] = field(default_factory=list)
    not_told: list[str] = field(default_factory=list)


def audit(engine: Engine, run: str, deep: bool) -> list[Report]:
    """Compare every delivery of a run, named by its path, id or name. Raises AppError when nothing is known of it."""
    reports = []
    for folder in named_runs(engine, run):
        for delivery, target in engine.ledger.deliveries_of(folder.log):
            reports.append(compare_delivery(engine, folder, delivery, target, deep))
    if not reports:
        raise PermanentError(
            "never-sent",
            "This run was not sent from here",
            f"Nothing is known about {run}.",
            "Send it with `runferry sync PATH`.",
        )
    return reports


def compare_delivery(engine: Engine, folder: RunFolder, delivery: Delivery, target: Row, deep: bool) -> Report:
    """Compare one run with one server. Raises AppError when the server cannot be asked."""
    connection = engine.connections.get(choice_of(engine, delivery, target), engine.environ)
    created = Created(delivery.storage_id, target["entity"], target["project"], target["run_id"], 0)
    rows, wrong, not_told = _compare(engine, folder, delivery, created, connection, deep)
    return Report(
        str(folder.path),
        created.run_id,
        created.entity,
        created.project,
        connection.server.url,
        delivery.url,
        rows,
        deep,
        wrong,
        not_told,
    )


def choice_of(engine: Engine, delivery: Delivery, target: Row) -> Choice:
    """The server that a delivery went to. A local server is known by its store: ours, or one that somebody runs."""
    server: str = target["server"]
    if not server.startswith("runferry:"):
        return Choice(server, "the ledger")
    address = server_address(delivery, target, own_identity(engine.home.store))
    return Choice("local" if address == server else address, "the ledger")


def _compare(
    engine: Engine, folder: RunFolder, delivery: Delivery, run: Created, connection: Connection, deep: bool
) -> tuple[int, list[str], list[str]]:
    source = Source.alone(folder.log)
    renumber = Renumber(delivery.starting_step) if delivery.starting_step is not None else None
    rows: list[str] = []
    last: str | None = None
    while True:
        part = source.read()
        lines = renumber.rows(part.history, part.steps) if renumber else part.history
        last = lines[-1] if lines else last
        if deep:
            rows.extend(lines)
        if part.at_end:
            break
    content = source.reader.content
    lines_there = engine.ledger.server_lines(delivery.target)
    wrong = []
    short = content.rows - delivery.acknowledged["history"]
    if short > 0:
        wrong.append(f"{short} of {content.rows} rows were not sent yet")
    artifacts_sent = engine.ledger.artifacts(delivery)
    wishes = combine(app_wishes(engine.settings, engine.environ), folder.marker)
    links = RunLinks(folder, wishes, lambda: engine.ledger.links.of(folder.path))
    artifacts = artifact_check.expected(source.extras.artifacts, artifacts_sent, partial(open_named, links=links))
    unsent = artifact_check.unsent(source.extras.artifacts, artifacts_sent)
    if unsent and not wishes.metrics_only:
        wrong.append(f"{unsent} of {len(source.extras.artifacts)} artifacts were not sent yet")
    is_current = short <= 0 and delivery.position <= source.reader.position
    whole = WholeRun(engine.ledger, delivery, source, wishes, SystemClock())
    whole.refresh(is_over=True)
    expected = verification.Expected(
        lines=lines_there,
        last_row=last if whole.is_alone and is_current else None,
        summary=whole.expected_summary() if is_current else "",
        config=whole.plain_config() if is_current else "",
        exit_code=whole.exit_code(delivery.closed) if is_current else None,
        files=newest_files(engine.ledger, delivery, engine.ledger.sent_files(delivery)),
        artifacts=artifacts,
        is_continued=whole.is_continued,
        tells_holes=connection.server.is_runferry,
    )
    found = verification.compare(connection.session, run, expected)
    wrong += found.wrong
    if deep:
        wrong += verification.compare_rows(connection.session, run, rows)
    return content.rows, wrong, found.not_told

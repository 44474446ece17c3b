"""A log meets a run on a server: who is who, what is there already, and the run created or updated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from runferry.formats.detect import RunFolder
from runferry.remote import run_state, runs
from runferry.remote.runs import Created
from runferry.state.delivery import Delivery
from runferry.sync import first_contact, healing
from runferry.sync.connection import Connection
from runferry.sync.destination import UNCATEGORIZED, Destination
from runferry.sync.events_there import EventsThere
from runferry.sync.means import Means
from runferry.sync.resumed_steps import starting_step
from runferry.sync.run_record import RunRecord
from runferry.sync.source import Source
from runferry.sync.whole_run import WholeRun
from runferry.sync.wishes import Wishes


@dataclass(frozen=True)
class Meeting:
    """`run`: the run as the server calls it; `url`: its page; `record`: sends its config when that changes.

    `events_there`: the events that the server had before. `whole`: the run as all its logs tell it.
    """

    run: Created
    url: str
    delivery: Delivery
    record: RunRecord
    events_there: EventsThere
    whole: WholeRun


def meet(
    folder: RunFolder, destination: Destination, connection: Connection, means: Means, wishes: Wishes, source: Source
) -> Meeting:
    """Ask, compare, create. Raises AppError; may be called again after any failure."""
    run, ledger = source.reader.content.run, means.ledger
    run_id = destination.run_id or run.run_id or folder.run_id
    entity = destination.entity or run.entity or destination.default_entity or connection.account().entity
    project = destination.project or run.project or destination.default_project or UNCATEGORIZED
    target = ledger.target(connection.server.identity, entity, project, run_id)
    known = ledger.delivery(ledger.source(source.identity, run_id, source.log), target)
    remote = runs.look_up(connection.session, entity, project, run_id)
    asked = Created(remote.storage_id if remote else "", entity, project, run_id, 0)
    read_back = partial(runs.history_page, connection.session, asked)
    losses = ledger.losses(target)
    if adopted := first_contact.settle(ledger, known, remote, source.log, means.permit, read_back):
        means.tell(f"{run_id}: {adopted:,} rows were sent by somebody else (or before); they are not sent again.")
    if ledger.losses(target) != losses:
        means.tell(f"{run_id}: {healing.TOLD}")
    delivery = ledger.delivery(known.source, target)
    if run.resume and remote and not delivery.acknowledged["history"] and delivery.starting_step is None:
        ledger.update(delivery, starting_step=starting_step(remote))
    if run.start_time and "started" not in delivery.counts:  # so that two logs of one run know which is the newer
        ledger.update(delivery, counts={**delivery.counts, "started": run.start_time})
    whole = WholeRun(ledger, delivery, source, wishes, means.clock)
    record = RunRecord(connection.session, whole, entity, project, run_id, means.clock)
    with whole.turn():
        is_runferry = connection.server.is_runferry
        whole.met(remote, not known.storage_id, lambda: run_state.exit_code(connection.session, asked, is_runferry))
        whole.refresh(is_over=False)
        if remote is not None and delivery.storage_id and source.log.stat().st_size < delivery.position:
            created = Created(
                delivery.storage_id, entity, project, run_id, 0, remote.began
            )  # a longer copy has said it all
        else:
            created = record.send()
    url = f"{connection.server.app_url}/{created.entity}/{created.project}/runs/{run_id}"
    ledger.set_address(target, created.storage_id, url, created.began)
    count, tail = (remote.lines["events"], remote.events_tail) if remote else (0, [])
    there = EventsThere(connection.session, created, count, tail)
    return Meeting(created, url, ledger.delivery(known.source, target), record, there, whole)

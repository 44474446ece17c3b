"""Is it a W&B server, whose key do we have, may it write, and do files arrive?

The write and the upload are tried with a run of their own, which is deleted at the end; what is left where a server
does not let us delete it is said.
"""

from __future__ import annotations

import io
import secrets
import time
from urllib.parse import urlsplit

from runferry.engine.doctor.step import Step, good, warning
from runferry.errors import AppError, PermanentError
from runferry.remote import runs, uploads
from runferry.remote.answers import Unreadable, decode
from runferry.remote.destinations import absolute
from runferry.remote.failures import is_html, not_json
from runferry.remote.runs import Account, Created
from runferry.remote.session import Session
from runferry.remote.told import moment

FILE = "runferry-doctor.txt"
CONTENT = b"Runferry's doctor tried whether files arrive. This run can be deleted.\n"
_CLOCK_OFF = 120.0  # seconds


class Visit:
    """What the steps find out for those after them."""

    def __init__(self, session: Session, project: str, entity: str) -> None:
        self.session, self.project, self.entity = session, project, entity
        self.server_time: float | None = None
        self.account: Account | None = None
        self.run: Created | None = None


def is_wandb(visit: Visit) -> Step:
    """Does it speak the protocol? Asked without the key. Raises AppError."""
    response = visit.session.probe()
    visit.server_time = moment(response.headers.get("Date"))
    if response.status_code == 404 or (response.status_code < 400 and is_html(response)):
        raise PermanentError(
            "not-wandb",
            "This is not a W&B server",
            f"{visit.session.url} answers, and does not know /graphql ({response.status_code}).",
            "Check the server's address.",
        )
    if response.status_code < 300:
        try:
            decode(response.content)
        except Unreadable:
            raise not_json(response, "the probe") from None
    return good("it speaks the protocol", status=response.status_code)


def clock(visit: Visit) -> Step:
    """Is this computer's clock right, by the server's?"""
    if visit.server_time is None:
        return good("the server does not tell its time")
    off = time.time() - visit.server_time
    if abs(off) > _CLOCK_OFF:
        way = "ahead of" if off > 0 else "behind"
        return warning(
            f"this computer is {abs(off):.0f} s {way} the server",
            "Set this computer's clock: certificates and times of runs depend on it.",
            seconds_off=round(off, 1),
        )
    return good(f"agrees with the server's to {max(abs(off), 1):.0f} s", seconds_off=round(off, 1))


def login(visit: Visit) -> Step:
    """Whose key is it? Raises AppError."""
    visit.account = runs.viewer(visit.session)
    visit.entity = visit.entity or visit.account.entity
    return good(f"{visit.account.username or 'the key is known'}, team {visit.entity or '(none)'}", entity=visit.entity)


def write(visit: Visit) -> Step:
    """May we write to the project? Makes a run that `tidy` deletes. Raises AppError."""
    name = f"doctor-{secrets.token_hex(4)}"
    visit.run = runs.upsert(
        visit.session,
        name=name,
        entity=visit.entity or None,
        project=visit.project,
        displayName="Runferry doctor (deleted at once)",
        tags=["runferry-doctor"],
    )
    return good(f"a test run in {visit.run.entity}/{visit.run.project} was made", run=name, project=visit.run.project)


def upload(visit: Visit) -> Step:
    """Do files arrive, wherever the server keeps them? Raises AppError."""
    assert visit.run is not None
    (place,) = uploads.create(visit.session, visit.run, [FILE])
    uploads.put(visit.session, place, io.BytesIO(CONTENT), len(CONTENT))
    there = uploads.files(visit.session, visit.run).get(FILE)
    host = urlsplit(absolute(visit.session.url, place.url)).netloc
    if there is None or there.size != len(CONTENT):
        return warning(
            f"{len(CONTENT)} bytes went to {host}, and the server does not list them (yet)",
            "Try again in a minute; if it stays so, tell whoever runs the server.",
            host=host,
        )
    return good(f"{len(CONTENT)} bytes to {host}, and the server lists them", host=host)


def tidy(visit: Visit) -> Step:
    """Delete the test run. Never raises: what is left is said."""
    assert visit.run is not None
    try:
        runs.delete(visit.session, visit.run.storage_id)
    except AppError as error:
        return warning(
            f"the test run {visit.run.run_id} is left in {visit.run.entity}/{visit.run.project}: {error.message}",
            "Delete it on the server's page; it holds one file of a line.",
        )
    return good("the test run and its file are deleted")

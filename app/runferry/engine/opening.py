"""The address at which a browser may open a page: for pages of our own local server, a link that works once.

The system cannot prove on every machine that a browser is this account's, so the app vouches for it. Any thread; asks
the local server, which takes milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runferry.engine.named import named_runs
from runferry.engine.own_server import own_identity
from runferry.errors import NeedsUser, PermanentError
from runferry.remote.one_time import one_time_link
from runferry.servers import is_loopback

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


def way_in(engine: Engine, url: str) -> str:
    """What to give to the browser for this page, wherever it is."""
    if not is_loopback(url):
        return url
    running = engine.local_server.find()
    if running is None or urlsplit(running.url).port != urlsplit(url).port:
        return url
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return one_time_link(running.url, running.key, path) or url


def page_of(engine: Engine, run: str) -> str:
    """What to give to the browser for a run, named as people type it; empty: the local server's front page.

    Raises AppError where there is no such page.
    """
    if not run:
        return way_in(engine, _local_address(engine))
    pages = [
        (target["server"], target["url"])
        for folder in named_runs(engine, run)
        for _, target in engine.ledger.deliveries_of(folder.log)
        if target["url"]
    ]
    if not pages:
        raise PermanentError(
            "no-page", "This run has no page yet", f"{run} is on no server.", "Send it with `runferry sync`."
        )
    server, url = pages[-1]
    if server == own_identity(engine.home.store):  # it may answer elsewhere than when the run was sent
        url = _local_address(engine) + urlsplit(url).path
    return way_in(engine, url)


def _local_address(engine: Engine) -> str:
    running = engine.local_server.find()
    if running is None:
        raise NeedsUser(
            "local-server-down",
            "The local server does not run",
            "Its pages can only be opened while it runs.",
            "Start the app, or `runferry serve` in another terminal.",
        )
    return running.url

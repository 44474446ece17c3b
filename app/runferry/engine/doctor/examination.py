"""The order of the steps: each is taken only where those that it stands on went well. Nothing is changed but a test run
that is made and deleted again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from runferry.credentials import Key, Keychain, find_key
from runferry.engine.choice import Choice
from runferry.engine.doctor import machine, network, server
from runferry.engine.doctor.network import Route
from runferry.engine.doctor.server import Visit
from runferry.engine.doctor.step import Mark, Step, good, skipped, timed
from runferry.engine.local_server import Running
from runferry.engine.ways import way_to
from runferry.logs import secrets
from runferry.paths import Home
from runferry.remote.failures import KeyRefused
from runferry.remote.session import Session
from runferry.servers import normalise_url
from runferry.settings import Settings
from runferry.sync.destination import UNCATEGORIZED

_BEFORE = "an earlier step failed"


def examine(
    choice: Choice,
    home: Home,
    settings: Settings,
    environ: Mapping[str, str],
    local: Running | None = None,
    project: str = "",
    writes: bool = True,
) -> Iterator[Step]:
    """All steps, each as soon as it is taken. `local`: the local server, where that is meant. Raises AppError.

    writes: try whether runs and files arrive, with a test run in `project` that is deleted at the end.
    """
    url = local.url if local else normalise_url(choice.server)
    way = way_to(url, settings, environ)
    route = Route(url, way, settings.connect_timeout)
    yield timed("trust", lambda: network.trust(route))
    is_open = True
    for step in _chain(_way_there(route)):
        is_open = is_open and step.mark in (Mark.GOOD, Mark.WARNING)
        yield step
    if is_open:
        session = Session(
            url, "", way.context_for(url), environ, settings.connect_timeout, settings.request_timeout, way
        )
        try:
            visit = Visit(session, project or settings.project or UNCATEGORIZED, settings.entity)
            yield from _at_server(visit, choice, settings, environ, local, writes)
        finally:
            session.close()
    else:
        for name in ("W&B server", "login", "write", "upload"):
            yield skipped(name, _BEFORE)
    yield timed("keyring", lambda: machine.keyring(Keychain()))
    yield timed("notifications", machine.notifications)
    yield timed("disk", lambda: machine.disk(home))
    yield timed("measuring", lambda: machine.measuring(settings))


def _way_there(route: Route) -> list[tuple[str, Callable[[], Step]]]:
    steps: list[tuple[str, Callable[[], Step]]] = [
        ("name", lambda: network.name(route)),
        ("proxy", lambda: network.proxy(route)),
        ("address", lambda: network.address(route)),
        ("connection", lambda: network.connection(route)),
    ]
    return [*steps, ("TLS", lambda: network.tls(route))] if route.is_tls else steps


def _chain(steps: list[tuple[str, Callable[[], Step]]]) -> Iterator[Step]:
    """One after the other; after a bad one the rest is skipped."""
    is_open = True
    for name, look in steps:
        step = timed(name, look) if is_open else skipped(name, _BEFORE)
        is_open = is_open and step.mark is not Mark.BAD
        yield step


def _at_server(
    visit: Visit, choice: Choice, settings: Settings, environ: Mapping[str, str], local: Running | None, writes: bool
) -> Iterator[Step]:
    speaks = timed("W&B server", lambda: server.is_wandb(visit))
    yield speaks
    yield timed("clock", lambda: server.clock(visit))
    if speaks.mark is Mark.BAD:
        for name in ("login", "write", "upload"):
            yield skipped(name, _BEFORE)
        return
    steps = [
        ("key", lambda: _key(visit, choice, settings, environ, local)),
        ("login", lambda: server.login(visit)),
    ]
    if writes:
        steps += [("write", lambda: server.write(visit)), ("upload", lambda: server.upload(visit))]
    try:
        yield from _chain(steps)
    except GeneratorExit:  # nobody looks any more; the test run must not stay
        if visit.run is not None:
            timed("tidy up", lambda: server.tidy(visit))
        raise
    if not writes:
        yield skipped("write", "not tried")
        yield skipped("upload", "not tried")
    if visit.run is not None:
        yield timed("tidy up", lambda: server.tidy(visit))


def _key(visit: Visit, choice: Choice, settings: Settings, environ: Mapping[str, str], local: Running | None) -> Step:
    """Which key is used; its text is never shown. Raises AppError."""
    url = visit.session.url
    found = (
        Key(local.key, "the local server's store")
        if local
        else find_key(url, environ, named=choice.named, cloud_url=settings.cloud_url, key_file=settings.key_file)
    )
    if found is None:
        raise KeyRefused(
            "no-key",
            "No key for this server",
            f"Neither WANDB_API_KEY, nor the keyring, nor netrc has one for {url}.",
            f"Run `runferry login --server {url}`, or set WANDB_API_KEY.",
        )
    secrets.learn(found.value)
    visit.session.use_key(found.value)
    return good(f"from {found.source}", source=found.source)

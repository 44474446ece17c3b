"""Where runs can go: the servers that this app knows, what was used on each before, and what is chosen by default.

Asks no server; may ask the keyring, so not on a window's thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runferry.credentials import known_cloud_url
from runferry.engine.audit import choice_of
from runferry.engine.choice import choose
from runferry.engine.keys import key_state
from runferry.errors import AppError, UsageError
from runferry.servers import LOCAL, check_server

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


@dataclass(frozen=True)
class ServerPlace:
    """`server`: ``local`` or a URL. `key_from`: where its key is, empty where there is none (none is needed for ours).

    `teams`, `projects`: used before, newest first.
    """

    server: str
    is_cloud: bool = False
    key_from: str = ""
    teams: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether something can be sent there without asking for a key first."""
        return self.server == LOCAL or bool(self.key_from)


@dataclass(frozen=True)
class Places:
    """`server`: the one in force, empty where a person has to choose. `entity`, `project`: for runs that name none."""

    servers: tuple[ServerPlace, ...]
    server: str = ""
    entity: str = ""
    project: str = ""


def places(engine: Engine) -> Places:
    """Everything that can be offered. The local server comes first, W&B's cloud last."""
    settings, environ = engine.settings, engine.environ
    cloud = settings.cloud_url or known_cloud_url(environ)
    chosen = _chosen(engine)
    used = _used(engine)
    named = [
        chosen,
        settings.server,
        *(one.server for one in settings.folders),
        *(one.url for one in settings.per_server),
    ]
    known = dict.fromkeys([LOCAL, *map(_checked, named), *used, cloud])
    servers = [
        ServerPlace(one, is_cloud=one == cloud, key_from=_key_from(engine, one), teams=teams, projects=projects)
        for one in known
        if one and one != "cloud"
        for teams, projects in [used.get(one, ((), ()))]
    ]
    servers.sort(key=lambda one: one.is_cloud)
    return Places(tuple(servers), chosen, settings.entity, settings.project)


def _chosen(engine: Engine) -> str:
    try:
        return choose("", engine.environ, engine.settings).server
    except UsageError:
        return ""


def _checked(named: str) -> str:
    try:
        return check_server(named)
    except AppError:
        return ""


def _key_from(engine: Engine, server: str) -> str:
    return "" if server == LOCAL else key_state(server, engine.settings, engine.environ).source


def _used(engine: Engine) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Teams and projects by server."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for delivery, target in engine.ledger.all_deliveries():
        teams, projects = found.setdefault(choice_of(engine, delivery, target).server, ({}, {}))
        teams.setdefault(target["entity"])
        projects.setdefault(target["project"])
    return {server: (tuple(teams), tuple(projects)) for server, (teams, projects) in found.items()}

"""Certificates that a person adds: kept in the app's folder, named in the settings, for all servers or for one."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runferry.engine.ways import trust_in, way_to
from runferry.errors import TemporaryError, UsageError
from runferry.remote import certificates, chain
from runferry.remote.certificates import BadCertificateFile, Certificate
from runferry.remote.chain import Presented
from runferry.remote.failures import from_exception
from runferry.remote.trust import TrustSource, make_context, sources, wandb_hint
from runferry.servers import normalise_url
from runferry.settings import Settings, for_server, with_server


@dataclass(frozen=True)
class Kept:
    """One kept file. `server`: empty for all. `problem`: why it cannot be used any more."""

    name: str
    server: str
    found: tuple[Certificate, ...]
    problem: str = ""


def add(settings: Settings, file: Path, server: str = "") -> tuple[Settings, str, list[Certificate]]:
    """Copy a CA file and name it in the settings, which are saved; its kept name and what it holds. Raises AppError."""
    url = normalise_url(server) if server else ""
    name, found = certificates.keep(file, _folder(settings), datetime.datetime.now(datetime.timezone.utc))
    if not url:
        names = (*(one for one in settings.certificates if one != name), name)
        return settings.changed(certificates=names).save(), name, found
    own = for_server(settings.per_server, url)
    own = dataclasses.replace(own, certificates=(*(one for one in own.certificates if one != name), name))
    return settings.changed(per_server=with_server(settings.per_server, own)).save(), name, found


def remove(settings: Settings, name: str, server: str = "") -> Settings:
    """Trust a kept file no longer; the file goes when nobody names it any more. Raises AppError."""
    path = certificates.path_in(_folder(settings), name)
    before = settings
    if server:
        own = for_server(settings.per_server, server)
        own = dataclasses.replace(own, certificates=tuple(one for one in own.certificates if one != name))
        settings = settings.changed(per_server=with_server(settings.per_server, own))
    else:
        settings = settings.changed(certificates=tuple(one for one in settings.certificates if one != name))
    if settings == before:
        raise UsageError(
            "bad-certificate-name",
            "No such certificate",
            f"'{name}' is not used for {server or 'all servers'}.",
            "`runferry certificates list` shows the names.",
        )
    settings = settings.save()
    if not any(one.name == name for one in kept(settings)):
        path.unlink(missing_ok=True)
    return settings


def kept(settings: Settings) -> list[Kept]:
    """All files that the settings name."""
    named = [(name, "") for name in settings.certificates]
    named += [(name, one.url) for one in settings.per_server for name in one.certificates]
    found = []
    for name, server in named:
        try:
            found.append(Kept(name, server, tuple(certificates.read(_folder(settings) / name))))
        except BadCertificateFile as error:
            found.append(Kept(name, server, (), error.message))
    return found


def relax(settings: Settings, server: str, relaxed: bool) -> Settings:
    """Leave the strict rules of form out for one server, or check them again; chain and name are always checked."""
    own = dataclasses.replace(for_server(settings.per_server, server), relaxed_form=relaxed)
    return settings.changed(per_server=with_server(settings.per_server, own)).save()


def show_who_we_are(settings: Settings, server: str, certificate: str, key: str) -> Settings:
    """Use a client certificate with one server; empty texts: none any more. Raises AppError where it is unusable."""
    own = for_server(settings.per_server, server)
    paths = [str(Path(one).expanduser().absolute()) if one else "" for one in (certificate, key)]
    own = dataclasses.replace(own, client_certificate=paths[0], client_key=paths[1])
    changed = settings.changed(per_server=with_server(settings.per_server, own))
    make_context({}, trust_in(own.url, changed))
    return changed.save()


def presented(settings: Settings, server: str, environ: Mapping[str, str]) -> Presented:
    """The chain that a server shows, through the proxy that leads there; nothing is sent. Raises AppError."""
    url = normalise_url(server)
    if not url.startswith("https://"):
        raise UsageError("no-tls", "No certificates there", f"{url} is plain HTTP.", "Name an https:// address.")
    way = way_to(url, settings, environ)
    try:
        return chain.look(url, way.proxies.find(url), settings.connect_timeout, environ, way.trust)
    except OSError as error:
        raise from_exception(error, url, way) from error


def trust_sources(settings: Settings, server: str, environ: Mapping[str, str]) -> list[TrustSource]:
    """Where trusted certificates come from for a server, and what is ignored and why."""
    return sources(environ, trust_in(server, settings))


def hint_for_wandb(environ: Mapping[str, str]) -> str:
    """What to copy so that wandb's own uploader trusts the same; empty where there is nothing to tell."""
    return wandb_hint(environ)


def _folder(settings: Settings) -> Path:
    folder = settings.certificates_folder
    if folder is None:
        raise TemporaryError("no-settings-file", "No settings file", "These settings belong to no file.", "Save them.")
    return folder

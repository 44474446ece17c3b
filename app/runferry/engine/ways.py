"""Sessions with the trust and the proxy that the settings say for a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runferry.credentials import proxy_password
from runferry.logs import secrets
from runferry.remote.bandwidth import Bandwidth
from runferry.remote.proxies import ProxyChoice
from runferry.remote.session import Session
from runferry.remote.trust import Trust
from runferry.remote.way import Way
from runferry.settings import Settings, for_server


def way_to(url: str, settings: Settings, environ: Mapping[str, str]) -> Way:
    """The way to a server. Raises AppError where the keyring fails."""
    return Way(environ, trust_in(url, settings), proxy_choice(settings))


def open_session(
    url: str,
    key: str,
    settings: Settings,
    environ: Mapping[str, str],
    bandwidth: Bandwidth | None = None,
    is_it: Callable[[str], bool] = lambda url: True,
) -> Session:
    """A session with a server; see `Session` for `is_it`. Raises AppError for certificates that cannot be used."""
    way = way_to(url, settings, environ)
    timeouts = settings.connect_timeout, settings.request_timeout
    return Session(url, key, way.context_for(url), environ, *timeouts, way, bandwidth, is_it)


def trust_in(url: str, settings: Settings) -> Trust:
    """The certificates and rules that a person has set for a server."""
    own, folder = for_server(settings.per_server, url), settings.certificates_folder
    return Trust(
        for_server=tuple(folder / name for name in own.certificates) if folder else (),
        for_all=tuple(folder / name for name in settings.certificates) if folder else (),
        relaxed=own.relaxed_form,
        client_certificate=own.client_certificate,
        client_key=own.client_key,
    )


def proxy_choice(settings: Settings) -> ProxyChoice:
    """What a person has set about proxies, with the password from the keyring."""
    password = ""
    if settings.proxy_user:
        password = proxy_password.get(settings.proxy_user, settings.proxy_url) or ""
        secrets.learn(password)
    return ProxyChoice(
        settings.proxy,
        settings.proxy_url,
        settings.proxy_user,
        password,
        settings.proxy_pac,
        settings.proxy_exceptions,
    )

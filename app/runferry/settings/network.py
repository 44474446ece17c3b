"""The options about networks, proxies and certificates; part of all options (`model`)."""

from __future__ import annotations

from dataclasses import dataclass

from runferry.settings.option import Kind
from runferry.settings.option import option as _o
from runferry.settings.per_server import ServerSettings


@dataclass(frozen=True)
class NetworkOptions:
    """How servers are reached and whom we trust on the way."""

    upload_limit: int = _o(
        0,
        Kind.WHOLE,
        "Upload limit",
        "What all uploads together may use of the network. 0: no limit.",
        "Network",
        unit="bytes/s",
        minimum=0,
    )
    metered: str = _o(
        "continue",
        Kind.CHOICE,
        "On metered networks",
        "continue: send as always. pause: send nothing while the system calls the network metered (a phone's, or one "
        "that is set so); it goes on by itself. The app has to run: a terminal is not told.",
        "Network",
        choices=("continue", "pause"),
    )
    proxy: str = _o(
        "system",
        Kind.CHOICE,
        "Proxy",
        "As the system does: variables such as HTTPS_PROXY come first, then the desktop's own settings.",
        "Network",
        choices=("system", "environment", "none", "manual", "pac"),
    )
    proxy_url: str = _o(
        "", Kind.TEXT, "Proxy address", "For “This one”: http://host:port or socks5h://host:port.", "Network"
    )
    proxy_user: str = _o(
        "",
        Kind.TEXT,
        "Proxy user",
        "For a proxy that wants a login. Its password is kept in the keyring, never in the settings.",
        "Network",
    )
    proxy_pac: str = _o("", Kind.TEXT, "PAC file", "For “A PAC file”: its address, or a path.", "Network")
    proxy_exceptions: str = _o(
        "", Kind.TEXT, "Reached without proxy", "For “This one”: hosts, domains and networks, with commas.", "Network"
    )
    certificates: tuple[str, ...] = _o(
        (),
        Kind.NAMES,
        "Company CAs",
        "Certificates that are trusted besides the system's.",
        "Security",
    )
    per_server: tuple[ServerSettings, ...] = _o(
        (), Kind.SERVERS, "Servers' own settings", "Certificates and rules of form of single servers.", "Security"
    )

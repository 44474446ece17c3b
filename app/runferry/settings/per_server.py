"""What a person has set for one server: its certificates. Checked here, used by whoever opens connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runferry.errors import AppError
from runferry.servers import normalise_url


@dataclass(frozen=True)
class ServerSettings:
    """One server. `url` is normalised; `certificates` are names of files in the app's own folder.

    relaxed_form: rules for a certificate's form that newer Pythons check are left out (the chain and the name are
    still checked). client_certificate, client_key: absolute paths of PEM files. `extra`: unknown keys of the file.
    """

    url: str
    certificates: tuple[str, ...] = ()
    relaxed_form: bool = False
    client_certificate: str = ""
    client_key: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        """What is written into the settings file; what is at its default is left out."""
        said = {
            "certificates": list(self.certificates),
            "relaxed_form": self.relaxed_form,
            "client_certificate": self.client_certificate,
            "client_key": self.client_key,
        }
        return {**self.extra, "url": self.url, **{name: value for name, value in said.items() if value}}


def for_server(servers: tuple[ServerSettings, ...], url: str) -> ServerSettings:
    """The settings of one server; those of nobody where it has none."""
    wanted = normalise_url(url)
    return next((one for one in servers if one.url == wanted), ServerSettings(wanted))


def with_server(servers: tuple[ServerSettings, ...], changed: ServerSettings) -> tuple[ServerSettings, ...]:
    """The list with one server's settings replaced, or added; one that says nothing is left out."""
    kept = [one for one in servers if one.url != changed.url]
    says = replace(changed, extra={}) != ServerSettings(changed.url) or changed.extra
    return tuple([*kept, changed] if says else kept)


def check_servers(value: object) -> tuple[ServerSettings, ...]:
    """The option's value from JSON; ValueError says what is wrong."""
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{value!r} is not a list of servers")
    return tuple(one if isinstance(one, ServerSettings) else _server(one) for one in value)


def check_names(value: object) -> tuple[str, ...]:
    """A list of texts from JSON; ValueError where it is none."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{value!r} is not a list of names")
    return tuple(str(one) for one in value)


def _server(entry: object) -> ServerSettings:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise ValueError(f"{entry!r} names no server")
    extra = dict(entry)
    try:
        url = normalise_url(extra.pop("url"))
    except AppError as error:
        raise ValueError(error.message.rstrip(".")) from None
    relaxed = extra.pop("relaxed_form", False)
    if not isinstance(relaxed, bool):
        raise ValueError(f"relaxed_form: {relaxed!r} is neither true nor false")
    texts = {}
    for name in ("client_certificate", "client_key"):
        texts[name] = extra.pop(name, "")
        if not isinstance(texts[name], str):
            raise ValueError(f"{name}: {texts[name]!r} is not text")
    return ServerSettings(url, check_names(extra.pop("certificates", ())), relaxed, **texts, extra=extra)

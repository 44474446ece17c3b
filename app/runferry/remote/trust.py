"""Which certificates are believed, and why: the system's store, or what the environment names.

`SSL_CERT_FILE`/`SSL_CERT_DIR`, else `REQUESTS_CA_BUNDLE`/`CURL_CA_BUNDLE`, replace the system's store, as they do in
the tools that made those variables known. Verification is never turned off.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import truststore

from runferry.errors import NeedsUser

_IN_ORDER = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True)
class TrustSource:
    """One place that certificates may come from. `ignored`: why it is not in use; empty when it is."""

    name: str
    path: str
    ignored: str = ""


def sources(environ: Mapping[str, str]) -> list[TrustSource]:
    """All places in order, each in use or with the reason why not."""
    found: list[TrustSource] = []
    winner = ""
    for name in _IN_ORDER:
        value = environ.get(name)
        if not value:
            continue
        partner = winner.startswith("SSL_CERT") and name.startswith("SSL_CERT")
        found.append(TrustSource(name, value, f"{winner} comes first" if winner and not partner else ""))
        winner = winner or name
    found.append(TrustSource("system trust store", "", f"replaced by {winner}" if winner else ""))
    return found


def make_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """One context for all connections; make it once, since building it is slow. Raises NeedsUser for a bad bundle."""
    used = [one for one in sources(environ) if not one.ignored]
    if used[0].name == "system trust store":
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for one in used:
        _load(context, one)
    return context


def _load(context: ssl.SSLContext, source: TrustSource) -> None:
    path = Path(source.path)
    try:
        if path.is_dir():
            context.load_verify_locations(capath=str(path))
        else:
            context.load_verify_locations(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise NeedsUser(
            "ca-bundle-unusable",
            "The CA bundle cannot be used",
            f"{source.name} names {source.path}, which cannot be read as certificates ({error}).",
            f"Correct or unset {source.name}.",
            error,
        ) from error

"""Which certificates are believed, and why: company CAs, and the system's store or what the environment names.

`SSL_CERT_FILE`/`SSL_CERT_DIR`, else `REQUESTS_CA_BUNDLE`/`CURL_CA_BUNDLE`, replace the system's store, as they do in
the tools that made those variables known. Company CAs are added to whichever is in use. The strict rules for a
certificate's form are set here, on every Python alike. Verification is never turned off.
"""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import truststore

from runferry.errors import NeedsUser
from runferry.inert import inert
from runferry.regular_files import open_regular

_IN_ORDER = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
LARGEST = 32 << 20  # bytes of a file of certificates
SYSTEM = "system trust store"
FOR_SERVER = "company CA of this server"
FOR_ALL = "company CA of all servers"
_STRICT = ssl.VERIFY_X509_STRICT
# A company's CA that somebody added is an anchor even where another one signed it.
_ALWAYS = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN


@dataclass(frozen=True)
class TrustSource:
    """One place that certificates may come from. `ignored`: why it is not in use; empty when it is."""

    name: str
    path: str
    ignored: str = ""


@dataclass(frozen=True)
class Trust:
    """What a person has set for one server. Paths are absolute.

    relaxed: the rules for a certificate's form that newer Pythons check are left out; chain and name are not.
    """

    for_server: tuple[Path, ...] = ()
    for_all: tuple[Path, ...] = ()
    relaxed: bool = False
    client_certificate: str = ""
    client_key: str = ""

    @property
    def authorities(self) -> tuple[Path, ...]:
        """All company CA files, the server's own first."""
        return (*self.for_server, *self.for_all)


NOTHING_SET = Trust()


def sources(environ: Mapping[str, str], trust: Trust = NOTHING_SET) -> list[TrustSource]:
    """All places in order, each in use or with the reason why not."""
    found = [_company(FOR_SERVER, path) for path in trust.for_server]
    found += [_company(FOR_ALL, path) for path in trust.for_all]
    winner = ""
    for name in _IN_ORDER:
        value = environ.get(name)
        if not value:
            continue
        partner = winner.startswith("SSL_CERT") and name.startswith("SSL_CERT")
        found.append(TrustSource(name, value, f"{winner} comes first" if winner and not partner else ""))
        winner = winner or name
    found.append(TrustSource(SYSTEM, "", f"replaced by {winner}" if winner else ""))
    return found


def make_context(environ: Mapping[str, str], trust: Trust = NOTHING_SET) -> ssl.SSLContext:
    """One context for all connections; make it once, since building it is slow. Raises NeedsUser for a bad bundle."""
    used = [one for one in sources(environ, trust) if not one.ignored]
    is_system = used[-1].name == SYSTEM
    context = (truststore.SSLContext if is_system else ssl.SSLContext)(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever a system's configuration of OpenSSL says
    context.verify_flags |= _ALWAYS
    if trust.relaxed:
        context.verify_flags &= ~_STRICT
    else:
        context.verify_flags |= _STRICT
    for one in used:
        if one.name != SYSTEM:
            _load(context, one)
    if trust.client_certificate:
        _load_own(context, trust)
    return context


def files_in_use(environ: Mapping[str, str], trust: Trust = NOTHING_SET) -> list[Path]:
    """The files, not folders, of trusted certificates that are known by name: to explain a refusal with."""
    found = [Path(one.path) for one in sources(environ, trust) if one.path and not one.ignored]
    return [path for path in found if path.is_file()]


def wandb_hint(environ: Mapping[str, str]) -> str:
    """What to copy so that wandb's own uploader trusts the same; empty where there is nothing to tell.

    Its core is written in Go, which knows SSL_CERT_FILE on Linux, and neither of the others.
    """
    bundle = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if not bundle or environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR"):
        return ""
    return f"export {'SSL_CERT_DIR' if Path(bundle).is_dir() else 'SSL_CERT_FILE'}={bundle}"


def _company(name: str, path: Path) -> TrustSource:
    return TrustSource(name, str(path), "" if path.is_file() else "the file is gone: add it again")


def _load(context: ssl.SSLContext, source: TrustSource) -> None:
    try:
        path = Path(source.path)
        if path.is_dir():
            context.load_verify_locations(capath=str(path))
        else:
            _check_file(path)
            context.load_verify_locations(cafile=str(path))
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors
        raise NeedsUser(
            "ca-bundle-unusable",
            "The CA bundle cannot be used",
            f"{source.name} names {inert(source.path)}, which cannot be read as certificates ({error}).",
            f"Correct or unset {source.name}." if source.name in _IN_ORDER else "Remove it, and add the file again.",
            error,
        ) from error


def _check_file(path: Path) -> None:
    """OpenSSL would wait for a pipe, and read a device for ever. Raises OSError."""
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise OSError(errno.EFBIG, f"more than {LARGEST >> 20} MB")


def _load_own(context: ssl.SSLContext, trust: Trust) -> None:
    """The certificate with which we show who we are. A key with a password is refused: nobody is there to type it."""
    try:
        for name in filter(None, (trust.client_certificate, trust.client_key)):
            _check_file(Path(name))
        context.load_cert_chain(trust.client_certificate, trust.client_key or None, password=_no_password)
    except (OSError, ValueError, _Locked) as error:
        why = "its key has a password" if isinstance(error, _Locked) else str(error)
        raise NeedsUser(
            "client-certificate-unusable",
            "The client certificate cannot be used",
            f"{inert(trust.client_certificate)}: {why}.",
            "Name a PEM file with the certificate, and one with its key without a password, in the server's settings.",
            error,
        ) from error


class _Locked(Exception):
    """OpenSSL asked for a password."""


def _no_password() -> str:
    raise _Locked


__all__ = [
    "FOR_ALL",
    "FOR_SERVER",
    "NOTHING_SET",
    "SYSTEM",
    "Trust",
    "TrustSource",
    "files_in_use",
    "make_context",
    "sources",
    "wandb_hint",
]

"""What a certificates page shows and makes: a file looked at before it is accepted, a chain saved, an environment.

Nothing here trusts anybody: that is `company_certificates.add`, after a person has compared the fingerprint.
"""

from __future__ import annotations

import datetime
import shlex
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runferry.engine.company_certificates import Kept
from runferry.errors import AppError, NeedsUser
from runferry.regular_files import read_regular
from runferry.remote import certificates
from runferry.remote.certificates import SUFFIXES, Certificate
from runferry.remote.chain import Presented, trusted_files
from runferry.remote.trust import FOR_ALL, FOR_SERVER, SYSTEM, Trust, TrustSource, wandb_hint
from runferry.settings import Settings

LARGEST = 64 << 20  # bytes of certificates that a variable names
BUNDLE = "for-wandb.pem"
SOON = 30  # days before its end that a certificate is marked


@dataclass(frozen=True)
class Inspection:
    """What a file holds, and why it cannot be used as a CA, where it cannot."""

    path: Path
    found: tuple[Certificate, ...]
    refused: AppError | None = None


def inspect(path: Path) -> Inspection:
    """Look at a file that a person may want to add. Never raises for what it holds."""
    found: tuple[Certificate, ...] = ()
    try:
        found = tuple(certificates.read(path))
        certificates.check_authorities(path, datetime.datetime.now(datetime.timezone.utc))
    except AppError as error:
        return Inspection(path, found, error)
    return Inspection(path, found)


def ends_soon(one: Certificate, now: datetime.datetime) -> bool:
    """Whether it ends within a month, or has ended."""
    return one.not_after - now < datetime.timedelta(days=SOON)


def save_chain(seen: Presented, path: Path) -> None:
    """Write the certificates that a server presented into a file, to be compared with IT. Raises NeedsUser."""
    _write(path, "".join(one.pem for one in seen.chain))


def system_store() -> str:
    """Which store the system's is, for people."""
    if sys.platform == "darwin":
        return "the keychain of macOS"
    if sys.platform == "win32":
        return "the certificate store of Windows"
    paths = ssl.get_default_verify_paths()
    there = [one for one in (paths.openssl_cafile, paths.openssl_capath) if one and Path(one).exists()]
    return ", ".join(there) or "OpenSSL's usual places"


def environment_for_wandb(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Lines for a shell after which wandb's own client trusts what this app trusts; empty: nothing has to be set.

    Where company CAs are added here, a bundle of everything that is trusted is written beside them, since SSL_CERT_FILE
    replaces the system's store. It holds the CAs of single servers too, since wandb knows no such difference.
    Raises NeedsUser.
    """
    bundle = _bundle(settings)
    if bundle is None or not _write_bundle(settings, environ, bundle):
        hint = wandb_hint(environ)
        return (hint,) if hint else ()
    path = shlex.quote(str(bundle))
    # The first is read by wandb's core (written in Go), the second by its Python part.
    return f"export SSL_CERT_FILE={path}", f"export REQUESTS_CA_BUNDLE={path}"


def refresh_bundle(settings: Settings, environ: Mapping[str, str]) -> None:
    """After certificates were added or removed: a bundle that somebody may use follows. Raises NeedsUser."""
    bundle = _bundle(settings)
    if bundle is not None and bundle.exists() and not _write_bundle(settings, environ, bundle):
        bundle.unlink()


def _bundle(settings: Settings) -> Path | None:
    return settings.certificates_folder / BUNDLE if settings.certificates_folder else None


def _write_bundle(settings: Settings, environ: Mapping[str, str], bundle: Path) -> bool:
    """Whether there was anything to write."""
    names = [*settings.certificates, *(name for one in settings.per_server for name in one.certificates)]
    added = tuple(path for name in dict.fromkeys(names) if (path := bundle.with_name(name)).is_file())
    if added:
        parts = [
            read_regular(one, LARGEST).decode("utf-8", "replace")
            for one in trusted_files(environ, Trust(for_all=added))
        ]
        _write(bundle, "\n".join(one.rstrip() for one in parts) + "\n")
    return bool(added)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NeedsUser(
            "certificate-not-written",
            "The file could not be written",
            f"{path}: {error.strerror or error}.",
            "Choose another place, or make room.",
            error,
        ) from error


__all__ = [
    "FOR_ALL",
    "FOR_SERVER",
    "SUFFIXES",
    "SYSTEM",
    "Certificate",
    "Inspection",
    "Kept",
    "Presented",
    "TrustSource",
    "ends_soon",
    "environment_for_wandb",
    "inspect",
    "refresh_bundle",
    "save_chain",
    "system_store",
]

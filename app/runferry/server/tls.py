"""A certificate for the local server, for those who open it to a network."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from runferry.errors import NeedsUser


@dataclass(frozen=True)
class Certificate:
    """PEM files: the certificate with its chain, and its private key; one file may hold both."""

    certificate: Path
    key: Path


def check_certificate(certificate: Path, key: Path) -> Certificate:
    """The pair, if a server can be started with it. Raises NeedsUser."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        what = f"{certificate} and {key}" if key != certificate else str(certificate)
        raise NeedsUser(
            "bad-certificate",
            "The certificate cannot be used",
            f"{what}: {getattr(error, 'strerror', None) or error}.",
            f"Both have to be PEM files, the key without a password. {how_to_make_one()}",
            error,
        ) from error
    return Certificate(certificate, key)


def _no_password() -> str:
    raise ValueError("the key has a password")


def how_to_make_one() -> str:
    """One command, and what clients need."""
    return (
        "`openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=$(hostname) -addext "
        "subjectAltName=DNS:$(hostname) -keyout key.pem -out certificate.pem` makes a certificate; give both with "
        "--certificate certificate.pem --key key.pem, and certificate.pem to the clients (`runferry certificates add`; "
        "for the official one SSL_CERT_FILE)."
    )

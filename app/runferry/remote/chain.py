"""The certificates that a server shows, looked at without trusting them and without sending anything.

For explaining a refusal and for the doctor only: nothing is ever sent over the connection that is opened here.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runferry.remote import tunnel
from runferry.remote.trust import NOTHING_SET, SYSTEM, Trust, files_in_use, sources
from runferry.remote.tunnel import Proxy

if TYPE_CHECKING:
    from runferry.remote.certificates import Certificate

_DRAWN = 10  # certificates of a chain that are shown: a real one has two to four
_CERTIFICATE_REQUEST = 13  # of the TLS handshake messages
_MIDDLEMEN = (
    "zscaler", "netskope", "fortinet", "fortigate", "palo alto", "blue coat", "bluecoat", "symantec web", "sophos",
    "mcafee", "trellix", "skyhigh", "cisco umbrella", "websense", "forcepoint", "barracuda", "check point", "mitmproxy",
    "burp", "charles proxy", "avast", "kaspersky", "eset ssl filter", "bitdefender", "cato networks", "menlo",
)  # fmt: skip


@dataclass(frozen=True)
class Presented:
    """What a server showed, leaf first.

    untrusted_at: index of the certificate whose issuer is not trusted and was not shown; None where all is trusted.
    is_public: a CA that browsers trust stands behind it. middleman: the product that re-signs, where its name tells.
    wants_client_certificate: the server asked who we are.
    """

    chain: tuple[Certificate, ...]
    untrusted_at: int | None
    is_public: bool
    middleman: str
    is_incomplete: bool
    wants_client_certificate: bool
    version: str = ""

    @property
    def top_issuer(self) -> str:
        """Who signed the last certificate that was shown."""
        return self.chain[-1].issuer if self.chain else ""

    def drawn(self) -> list[str]:
        """The chain for a terminal, leaf first, with the link that is not trusted."""
        lines: list[str] = []
        for number, one in enumerate(self.chain[:_DRAWN]):
            lines.append(f"{'  ' * number}{'└ ' if number else ''}{one.subject or '(no subject)'}")
            inside = "  " * number + "    "
            lines.append(f"{inside}valid {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}")
            lines.append(f"{inside}SHA-256 {one.sha256}")
            if number == self.untrusted_at:
                lines.append(f"{inside}✗ issued by {one.issuer}, which is not trusted here")
        if len(self.chain) > _DRAWN:
            lines.append(f"… and {len(self.chain) - _DRAWN} more certificates")
        return lines

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "chain": [one.as_dict() for one in self.chain[:_DRAWN]],
            "untrusted_at": self.untrusted_at,
            "is_public": self.is_public,
            "middleman": self.middleman,
            "is_incomplete": self.is_incomplete,
            "wants_client_certificate": self.wants_client_certificate,
            "version": self.version,
        }


def look(
    url: str, proxy: Proxy | None, timeout: float, environ: Mapping[str, str], trust: Trust = NOTHING_SET
) -> Presented:
    """Shake hands with an https address, and see what it shows. Raises OSError (ssl's among them) or TunnelRefused."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    made = tunnel.connect(host, port, proxy, timeout)
    asked: list[bool] = []
    ders: list[bytes] = []
    version = ""
    try:
        made.settimeout(timeout)
        with _context(lambda: asked.append(True)).wrap_socket(made, server_hostname=host) as shaken:
            ders = _shown(shaken)
            version = shaken.version() or ""
    except OSError:
        if not asked:  # a server that wants a certificate may break off because it got none: that is an answer
            raise
    finally:
        tunnel.close(made)
    from runferry.remote import certificates  # takes 15 MiB, and is not needed where nothing is wrong

    return judge([certificates.describe(one) for one in ders], environ, trust, bool(asked), version)


def judge(
    chain: Sequence[Certificate],
    environ: Mapping[str, str],
    trust: Trust = NOTHING_SET,
    wants_client_certificate: bool = False,
    version: str = "",
) -> Presented:
    """Where the chain leaves what is trusted, by names: the real check is OpenSSL's, this explains it."""
    from runferry.remote import certificates

    known = certificates.subjects(trusted_files(environ, trust))
    subjects = {one.subject for one in known} | {one.subject for one in chain if one.sha256 in _digests(known)}
    public = certificates.public_authorities()
    if SYSTEM in [one.name for one in sources(environ, trust) if not one.ignored]:
        subjects |= public
    untrusted = _first_untrusted(chain, subjects)
    top = chain[-1] if chain else None
    issuers = " ".join(one.issuer for one in chain).lower()
    organisations = {one.organisation for one in known if one.organisation}
    is_open = top is not None and not top.is_self_signed and untrusted is not None
    return Presented(
        chain=tuple(chain),
        untrusted_at=untrusted,
        is_public=any(one.issuer in public for one in chain),
        middleman=next((one for one in _MIDDLEMEN if one in issuers), ""),
        is_incomplete=bool(is_open and top and (top.issuer_url or top.organisation in organisations)),
        wants_client_certificate=wants_client_certificate,
        version=version,
    )


def _first_untrusted(chain: Sequence[Certificate], trusted: set[str]) -> int | None:
    """The last certificate that is linked to the leaf, unless one on the way is issued by somebody trusted."""
    for number, one in enumerate(chain):
        if one.issuer in trusted:
            return None
        following = chain[number + 1] if number + 1 < len(chain) else None
        if following is None or following.subject != one.issuer:
            return number
    return None


def _digests(known: Sequence[Certificate]) -> set[str]:
    return {one.sha256 for one in known}


def trusted_files(environ: Mapping[str, str], trust: Trust) -> list[Path]:
    """The files of trusted certificates that can be found, the system's bundle among them where that is in use."""
    found = files_in_use(environ, trust)
    system = ssl.get_default_verify_paths().openssl_cafile
    is_system = any(one.name == SYSTEM and not one.ignored for one in sources(environ, trust))
    bundles = (system, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
    if is_system:
        first = next((Path(one) for one in bundles if Path(one).is_file()), None)
        found += [first] if first else []
    return found


def _context(on_request: Callable[[], object]) -> ssl.SSLContext:
    """A context that shows everything and trusts nothing; `on_request`: the server wants a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent here: this is how the refused chain can be shown at all

    def heard(connection: Any, direction: str, version: Any, content: Any, message: Any, data: bytes) -> None:
        if direction == "read" and int(message) == _CERTIFICATE_REQUEST:
            on_request()

    # Undocumented, and in every Python since 3.8: without it nothing tells that a client certificate is wanted.
    context._msg_callback = heard  # type: ignore[attr-defined]
    return context


def _shown(shaken: ssl.SSLSocket) -> list[bytes]:
    """The chain in DER: public since Python 3.13, before that on the socket's inner object."""
    public = getattr(shaken, "get_unverified_chain", None)
    found = public() if public else shaken._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return [one if isinstance(one, bytes) else one.public_bytes(2) for one in found or ()]  # 2: DER

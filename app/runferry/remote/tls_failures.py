"""Why a TLS connection was refused or broke off: one class per cause, each with words for people.

OpenSSL gives one number for an unknown issuer, a missing intermediate and a proxy that re-signs; the chain that was
presented (`chain`, looked at without sending anything) tells them apart.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from runferry.errors import AppError
from runferry.remote.chain import Presented
from runferry.remote.troubles import ServerRefused, ServerTrouble

_ADD = "Ask IT for the CA certificate, compare its SHA-256, and add it: `runferry certificates add FILE`."
STALLED = "handshake operation timed out"  # in the words of Python's ssl
_NO_ISSUER = (2, 19, 20, 21, 27)  # codes of OpenSSL for a chain that ends at nobody who is trusted
_NAMES_SHOWN = 5
_OLD = ("UNSUPPORTED_PROTOCOL", "ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION", "unsupported protocol")
_FORM = range(79, 95)  # what X509_V_FLAG_X509_STRICT checks

Look = Callable[[], "Presented | None"]


class Untrusted(ServerRefused):
    """A certificate that is not trusted. `presented`: what the server showed, or None where it could not be seen."""

    SLUG = "tls-untrusted"
    TITLE = "The certificate is not trusted"

    def __init__(self, message: str, todo: str, cause: object, presented: Presented | None = None) -> None:
        super().__init__(self.SLUG, self.TITLE, message, todo, cause)
        self.presented = presented


class UnknownIssuer(Untrusted):
    """Nobody whom this computer trusts has signed it."""

    SLUG = "tls-unknown-issuer"


class MissingIntermediate(Untrusted):
    """The server does not send the certificate between its own and the CA's."""

    SLUG = "tls-missing-intermediate"
    TITLE = "The server leaves out a certificate"


class ReSigned(Untrusted):
    """A proxy on the way opens the connection and signs it with its own CA."""

    SLUG = "tls-re-signed"
    TITLE = "A proxy is re-signing this connection"


class SelfSigned(Untrusted):
    """The server vouches for itself."""

    SLUG = "tls-self-signed"
    TITLE = "The server's certificate is self-signed"


class WrongName(Untrusted):
    """The certificate belongs to another name."""

    SLUG = "tls-name"
    TITLE = "The certificate is for another name"


class Expired(Untrusted):
    """Its time is over."""

    SLUG = "tls-expired"
    TITLE = "The certificate has expired"


class NotYetValid(Untrusted):
    """Its time has not come; often a wrong clock."""

    SLUG = "tls-not-yet-valid"
    TITLE = "The certificate is not valid yet"


class FormRefused(Untrusted):
    """Trusted, but it breaks a rule for its form that newer Pythons check."""

    SLUG = "tls-form"
    TITLE = "The certificate breaks a rule of form"


class ClientCertificateWanted(Untrusted):
    """The server wants to see who we are."""

    SLUG = "tls-client-certificate"
    TITLE = "The server wants a client certificate"


class PlainHttp(ServerRefused):
    """The port speaks HTTP without TLS."""

    def __init__(self, at: str, cause: object) -> None:
        super().__init__(
            "tls-plain-http",
            "This port does not speak TLS",
            f"{at} answered in plain HTTP.",
            "Write the server's address with http://, or use its TLS port.",
            cause,
        )


class TooOld(ServerRefused):
    """The server speaks only versions of TLS that are broken."""

    def __init__(self, at: str, cause: object) -> None:
        super().__init__(
            "tls-too-old",
            "The server's TLS is too old",
            f"{at} speaks no version of TLS from 1.2 on; what it speaks can be read and changed on the way.",
            "Tell whoever runs the server to switch on TLS 1.2 or 1.3.",
            cause,
        )


class HandshakeStalled(ServerTrouble):
    """Nothing came after the first message: a middlebox, or a server that is stuck."""

    def __init__(self, at: str, cause: object) -> None:
        super().__init__(
            "tls-stalled",
            "The TLS handshake stalls",
            f"{at} took the connection, and then said nothing.",
            "It is tried again by itself. If it stays so, a firewall may swallow it: ask IT to allow this server.",
            cause,
        )


class HandshakeBrokenOff(ServerTrouble):
    """The other side hung up while the keys were being agreed on."""

    def __init__(self, at: str, cause: object) -> None:
        super().__init__(
            "tls-broken-off",
            "The TLS handshake broke off",
            f"{at} hung up before the connection was safe.",
            "It is tried again by itself. If it stays so, a firewall may forbid it: ask IT to allow this server.",
            cause,
        )


def certificate(cause: ssl.SSLCertVerificationError, at: str, host: str, look: Look, is_far: bool) -> Untrusted:
    """What a refused certificate means. is_far: public CAs are usual there, or a proxy stands in between."""
    code, said = getattr(cause, "verify_code", 0), getattr(cause, "verify_message", "") or str(cause)
    seen = look()
    leaf = seen.chain[0] if seen and seen.chain else None
    by = f' It was issued by "{leaf.issuer}".' if leaf else ""
    if code in (62, 63, 64):
        names = ", ".join(leaf.names[:_NAMES_SHOWN]) if leaf and leaf.names else "another name"
        more = len(leaf.names) - _NAMES_SHOWN if leaf else 0
        names += f" and {more} more" if more > 0 else ""
        return WrongName(
            f'{at}: the certificate is for {names}, but the address is "{host}".{by}',
            "Check the server's address.",
            cause,
            seen,
        )
    if code == 10:
        when = f" on {leaf.not_after:%Y-%m-%d}" if leaf else ""
        todo = "Check this computer's clock; if it is right, tell whoever runs the server."
        return Expired(f"{at}: a certificate in the chain expired; the server's own ends{when}.{by}", todo, cause, seen)
    if code == 9:
        when = f" {leaf.not_before:%Y-%m-%d %H:%M} UTC" if leaf else " later"
        todo = "Check this computer's clock; if it is right, tell whoever runs the server."
        return NotYetValid(f"{at}: the certificate is valid from{when}.{by}", todo, cause, seen)
    if code == 18:
        return SelfSigned(
            f"{at}: the certificate is signed by nobody but itself.{by}",
            "Ask whoever runs the server for a certificate of the company's CA, or for the CA file to add.",
            cause,
            seen,
        )
    if code in _FORM:
        return FormRefused(
            f"{at}: the certificate is trusted but breaks a rule that newer Pythons check ({said}).{by}",
            "Allow it for this server: `runferry certificates relax URL`. Chain and name are still checked.",
            cause,
            seen,
        )
    return (
        _issuer(at, said, cause, seen, is_far)
        if code in _NO_ISSUER
        else Untrusted(f"{at}: {said}.{by}", _ADD, cause, seen)
    )


def _issuer(at: str, said: str, cause: object, seen: Presented | None, is_far: bool) -> Untrusted:
    if seen is None or not seen.chain:
        return UnknownIssuer(f"{at}: {said}.", _ADD, cause, seen)
    issuer = seen.top_issuer
    if seen.middleman or (is_far and not seen.is_public):
        what = f" ({seen.middleman})" if seen.middleman else ""
        return ReSigned(
            f'{at}: the certificate was issued by "{issuer}", which is no public CA{what}: a proxy on this network'
            " opens the connection and signs it anew.",
            "If your company does this, " + _ADD[0].lower() + _ADD[1:],
            cause,
            seen,
        )
    if seen.is_incomplete:
        return MissingIntermediate(
            f'{at}: the certificate was issued by "{issuer}", and the server does not send that one\'s certificate.',
            "Tell whoever runs the server to send the whole chain. Until then: add the missing certificate as a CA.",
            cause,
            seen,
        )
    alone = " The server sent only its own certificate." if len(seen.chain) == 1 else ""
    return UnknownIssuer(
        f'{at}: the certificate was issued by "{issuer}", which this computer does not trust.{alone}', _ADD, cause, seen
    )


def handshake(error: Exception, text: str, at: str, look: Look) -> AppError:
    """What any other TLS failure means; `text` is what all its causes say."""
    if "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text or "record layer" in text.lower():
        return PlainHttp(at, error)
    if STALLED in text:
        return HandshakeStalled(at, error)
    if any(one in text for one in _OLD):
        return TooOld(at, error)
    seen = look()
    wants = bool(seen and seen.wants_client_certificate) or "CERTIFICATE_REQUIRED" in text
    if wants:
        return client_certificate(at, error, seen)
    return HandshakeBrokenOff(at, error)


def client_certificate(at: str, cause: object, seen: Presented | None) -> ClientCertificateWanted:
    """The server asked who we are, and hung up."""
    return ClientCertificateWanted(
        f"{at} asks for a certificate of yours, and takes no connection without a good one.",
        "Ask IT for one, and name it and its key: `runferry certificates own URL CERTIFICATE KEY`.",
        cause,
        seen,
    )

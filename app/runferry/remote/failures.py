"""Turns what requests raises, and what servers answer, into errors that a person can act on.

Sorted by one question: does waiting help? `ServerTrouble`: yes. `ServerRefused`: not until a person changes a key,
a certificate or the network; it concerns every run of that server. `PermanentError` and plain `NeedsUser`: this run.
"""

from __future__ import annotations

import email.utils
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
import urllib3

from runferry.errors import AppError, NeedsUser, PermanentError, TemporaryError

_BODY_SHOWN = 300


class ServerRefused(NeedsUser):
    """The server will not talk to us at all until a person changes something."""


class ServerTrouble(TemporaryError):
    """The server or the way to it is in trouble; it is tried again, for all runs of that server."""


class GraphQLRefused(PermanentError):
    """The server answered a GraphQL operation with errors."""


def from_exception(error: Exception, url: str) -> AppError:
    """What a failed request means. `url` may hold no credentials."""
    host = urlsplit(url).hostname or url
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, host)
    if isinstance(error, requests.exceptions.ProxyError):
        return _proxy(error, causes)
    if isinstance(error, requests.exceptions.SSLError):
        return _tls(error, host)
    return _network(error, causes, host, urlsplit(url).port)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps, outermost first."""
    seen: set[int] = set()
    todo: list[BaseException] = [error]
    while todo:
        one = todo.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [getattr(one, "reason", None), one.__cause__, one.__context__, *getattr(one, "args", ())]
        todo.extend(each for each in inner if isinstance(each, BaseException))


def _certificate(cause: ssl.SSLCertVerificationError, host: str) -> ServerRefused:
    code, said = getattr(cause, "verify_code", 0), getattr(cause, "verify_message", str(cause))
    if code in (62, 64):
        return ServerRefused(
            "tls-name", "The certificate is for another name", f"{host}: {said}", "Check the server's address.", cause
        )
    if code in (9, 10):
        return ServerRefused(
            "tls-date",
            "The certificate is not valid today",
            f"{host}: {said}.",
            "Check this computer's clock; if it is right, tell whoever runs the server.",
            cause,
        )
    return ServerRefused(
        "tls-untrusted",
        "The certificate is not trusted",
        f"{host}: {said}.",
        "Ask IT for your company's CA certificate and name it in SSL_CERT_FILE or REQUESTS_CA_BUNDLE.",
        cause,
    )


def _tls(error: Exception, host: str) -> AppError:
    text = str(error)
    if "WRONG_VERSION_NUMBER" in text or "record layer" in text.lower():
        return ServerRefused(
            "tls-plain-http",
            "This port does not speak TLS",
            f"{host} answered in plain HTTP.",
            "Write the server's address with http://, or use its TLS port.",
            error,
        )
    return ServerTrouble(
        "tls-broken-off", "The TLS handshake broke off", f"{host}: {error}", "It is tried again by itself.", error
    )


def _proxy(error: Exception, causes: list[BaseException]) -> AppError:
    text = " ".join(str(one) for one in causes)
    if "407" in text:
        return ServerRefused(
            "proxy-login",
            "The proxy wants a name and password",
            "It answered 407.",
            "Put them into HTTPS_PROXY, as http://name:password@proxy:port.",
            error,
        )
    return ServerTrouble("proxy-down", "The proxy does not answer", _short(error), "Check HTTPS_PROXY.", error)


def _network(error: Exception, causes: list[BaseException], host: str, port: int | None) -> AppError:
    at = f"{host}:{port}" if port else host
    if any(isinstance(one, (socket.gaierror, urllib3.exceptions.NameResolutionError)) for one in causes):
        return ServerTrouble(
            "dns", "Server name unknown", f'Cannot find "{host}".', "Are you on the company network or VPN?", error
        )
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return ServerTrouble(
            "refused", "The server is not answering", f"{at} refused the connection.", "Is it running?", error
        )
    if isinstance(error, requests.exceptions.Timeout) or any(isinstance(one, TimeoutError) for one in causes):
        return ServerTrouble(
            "timeout", "The server is not answering", f"{at} did not answer in time.", "It is tried again.", error
        )
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return PermanentError("bad-address", "This is not a server address", _short(error), "Check the address.", error)
    if isinstance(error, (requests.exceptions.RequestException, OSError, urllib3.exceptions.HTTPError)):
        return ServerTrouble(
            "connection-lost", "The connection broke off", f"{at}: {_short(error)}", "It is tried again.", error
        )
    raise error


def check(response: requests.Response, what: str) -> None:
    """Raise what a reply that is not 2xx means; `what` says in words what was asked for."""
    status = response.status_code
    if 200 <= status < 300:
        return
    body = response.text[:_BODY_SHOWN]
    cause = f"HTTP {status}: {body}"
    if status == 401:
        raise ServerRefused(
            "key-refused",
            "The key for this server was refused",
            f"{_host(response)} answered 401 to {what}.",
            "Enter the right key with `runferry login`, or set WANDB_API_KEY.",
            cause,
        )
    if status == 407:
        raise ServerRefused(
            "proxy-login",
            "The proxy wants a name and password",
            "It answered 407.",
            "Put them into HTTPS_PROXY.",
            cause,
        )
    if status == 429 or status == 408 or (status >= 500 and status != 501):
        slow = status == 429
        raise ServerTrouble(
            "slow-down" if slow else "server-fault",
            "The server asked us to slow down" if slow else f"The server has a fault ({status})",
            f"{_host(response)} answered {status} to {what}.",
            "It is tried again by itself.",
            cause,
            retry_after=_retry_after(response),
        )
    raise _refusal(status, what, _host(response), cause)


def _refusal(status: int, what: str, host: str, cause: str) -> AppError:
    said = f"{host} answered {status} to {what}."
    if status == 403:
        return NeedsUser(
            "forbidden", "Your account may not write there", said, "Choose another project or another key.", cause
        )
    if status == 409:
        return NeedsUser(
            "deleted-on-server",
            "This run was deleted on the server",
            said,
            "Upload it as a new run with `runferry sync --new`.",
            cause,
        )
    if status == 413:
        return PermanentError("too-large", "The server finds this too large", said, "See the run's log.", cause)
    if status == 404:
        return PermanentError(
            "not-found", "The server does not know this", said, "Check the server's address: is it a W&B server?", cause
        )
    return PermanentError("rejected", f"The server refused it ({status})", said, "See the details.", cause)


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def not_json(response: requests.Response, what: str) -> AppError:
    """A 2xx reply whose body is not what was asked for: a portal's page, or a server that is not W&B."""
    body = response.text[:_BODY_SHOWN]
    if "<html" in body.lower() or "<!doctype" in body.lower():
        return ServerTrouble(
            "portal",
            "A web page answered instead of the server",
            f"{_host(response)} answered {what} with HTML.",
            "This network may want you to sign in first; or the address is not that of a W&B server.",
            body,
        )
    return ServerTrouble(
        "bad-answer", "The server's answer makes no sense", f"{_host(response)}: {what}.", "It is tried again.", body
    )


def _host(response: requests.Response) -> str:
    return urlsplit(response.url or "").netloc.rpartition("@")[2] or "the server"


def _short(error: BaseException) -> str:
    return str(error)[:_BODY_SHOWN]

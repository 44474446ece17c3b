"""Turns what requests raises, and what servers answer, into errors that a person can act on: one class per cause.

Sorted by one question (`troubles`): does waiting help, and for whom? TLS causes are in `tls_failures`.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from runferry.errors import AppError, NeedsUser, PermanentError, TemporaryError, without_paths
from runferry.inert import inert
from runferry.remote import destinations, proxy_failures, tls_failures, told
from runferry.remote.answers import SHOWN, Answer
from runferry.remote.transport import Stranger
from runferry.remote.troubles import BadAnswer, GraphQLRefused, RunFault, ServerRefused, ServerTrouble

if TYPE_CHECKING:
    from runferry.remote.way import Way

_PAGE_START = 300  # bytes in which a web page shows that it is one
_LONGEST_LINK = 2000  # characters
_AGAIN = "It is tried again by itself."


class NameUnknown(ServerTrouble):
    """DNS does not know the server's name."""


class Unreachable(ServerTrouble):
    """Nobody listens, or there is no way there: refused, no route, network down."""


class TimedOut(ServerTrouble):
    """No answer in time."""


class ConnectionLost(ServerTrouble):
    """It broke off in the middle."""


class SlowDown(ServerTrouble):
    """429: the server asked for a pause."""


class ServerFault(ServerTrouble):
    """5xx, whatever is asked."""


class Portal(ServerTrouble):
    """A network's sign-in page answered. `page`: where it wants people to go; nothing was sent but the probe."""

    page = ""


class KeyRefused(ServerRefused):
    """401."""


class Moved(ServerRefused):
    """The address leads to another one of the same server: the key is not sent after it."""


class Forbidden(NeedsUser):
    """403."""


class Deleted(NeedsUser):
    """409: somebody deleted the run there; only a person may bring it back."""


class TooLarge(PermanentError):
    """413. The sync cuts the request into smaller ones before it gives a line up."""


class NotFound(PermanentError):
    """404."""


class UploadHostTrouble(TemporaryError):
    """Files go to a host of their own, and it cannot be reached while the server answers. `host`: which one."""

    host = ""


class UploadRefused(PermanentError):
    """The host for files refused one of them."""


def from_exception(error: Exception, url: str, way: Way | None = None) -> AppError:
    """What a failed request means. `url` may hold no credentials. way: how we got there, to look at certificates."""
    parts = urlsplit(url)
    host = parts.hostname or url
    at = f"{host}:{parts.port}" if parts.port else host
    causes = list(_causes(error))
    proxy = way.proxy_for(url) if way else None
    for cause in causes:
        if isinstance(cause, destinations.TooNear):
            return destinations.too_near(url, str(cause))
        if isinstance(cause, Stranger):
            return ServerTrouble(
                "not-the-server",
                "Another program answers at the server's address",
                f"Whoever is at {at} does not show that it has the store's key.",
                "It goes on by itself when the local server runs again.",
                error,
            )
        if isinstance(cause, ssl.SSLCertVerificationError):
            is_far = way is not None and (proxy is not None or way.is_public(host))
            return tls_failures.certificate(cause, at, host, lambda: way.look(url) if way else None, is_far)
    if isinstance(error, requests.exceptions.ProxyError) or any(_is_socks(one) for one in causes):
        return proxy_failures.explain(error, causes, proxy, lambda: way.ask_proxy(url) if way else ())
    said = " ".join(str(one) for one in causes)
    if isinstance(error, requests.exceptions.SSLError) or tls_failures.STALLED in said:
        return tls_failures.handshake(error, said, at, lambda: way.look(url) if way else None)
    if parts.scheme == "https" and any(isinstance(one, ConnectionError) for one in causes) and way and way.is_new:
        seen = way.look(url)  # with TLS 1.3 a server that misses our certificate just resets the connection
        if seen and seen.wants_client_certificate:
            return tls_failures.client_certificate(at, error, seen)
    return _network(error, causes, host, at)


def _is_socks(cause: BaseException) -> bool:
    return type(cause).__module__ == "socks"


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


def _network(error: Exception, causes: list[BaseException], host: str, at: str) -> AppError:
    if any(isinstance(one, (socket.gaierror, urllib3.exceptions.NameResolutionError)) for one in causes):
        said = f'Cannot find "{host}".'
        return NameUnknown("dns", "Server name unknown", said, "Are you on the company network or VPN?", error)
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        said = f"{at} refused the connection."
        return Unreachable("refused", "The server is not answering", said, "Is it running?", error)
    if isinstance(error, requests.exceptions.Timeout) or any(isinstance(one, TimeoutError) for one in causes):
        return TimedOut("timeout", "The server is not answering", f"{at} did not answer in time.", _AGAIN, error)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return PermanentError("bad-address", "This is not a server address", _short(error), "Check the address.", error)
    if any(isinstance(one, OSError) and one.errno in (100, 101, 112, 113) for one in causes):
        said = f"There is no way to {at}."
        return Unreachable("no-route", "The network is down", said, "Are you on the company network or VPN?", error)
    if isinstance(error, (requests.exceptions.RequestException, OSError, urllib3.exceptions.HTTPError)):
        return ConnectionLost("connection-lost", "The connection broke off", f"{at}: {_short(error)}", _AGAIN, error)
    if isinstance(error, ValueError):  # a head that Python's own parts cannot read
        said = f"{at}: {_short(error)}."
        return BadAnswer(
            "bad-answer", "The server's answer makes no sense", said, "It is tried again by itself.", error
        )
    raise error


def check(response: Answer, what: str) -> None:
    """Raise what a reply that is not 2xx means; `what` says in words what was asked for."""
    status = response.status_code
    if 200 <= status < 300:
        return
    cause = f"HTTP {status}: {response.shown()}"
    said = f"{_host(response)} answered {status} to {what}."
    if status == 401:
        todo = "Enter the right key with `runferry login`, or set WANDB_API_KEY."
        raise KeyRefused("key-refused", "The key for this server was refused", said, todo, cause)
    if status == 407:
        raise proxy_failures.login(None, proxy_failures.schemes_of(response.headers.get("Proxy-Authenticate", "")))
    if 300 <= status < 400 or status == 511:
        raise _elsewhere(response, what)
    if status == 429:
        wait = retry_after(response)
        raise SlowDown("slow-down", "The server asked us to slow down", said, _AGAIN, cause, wait)
    if status == 408 or (status >= 500 and status != 501):
        wait = retry_after(response)
        raise ServerFault("server-fault", f"The server has a fault ({status})", said, _AGAIN, cause, wait)
    raise _refusal(response, said, cause)


def _refusal(response: Answer, said: str, cause: str) -> AppError:
    status = response.status_code
    if status == 403:
        todo = "Choose another project or another key."
        return Forbidden("forbidden", "Your account may not write there", said, todo, cause)
    if status == 409:
        todo = "Upload it as a new run with `runferry sync --new`, or leave it: nothing more is sent by itself."
        return Deleted("deleted-on-server", "This run was deleted on the server", said, todo, cause)
    if status == 413:
        return TooLarge("too-large", "The server finds this too large", said, "See the run's log.", cause)
    if status == 404:
        todo = "Check the server's address: is it a W&B server?"
        return NotFound("not-found", "The server does not know this", said, todo, cause)
    todo = "Check the names of the team, the project and the run; else show whoever runs the server what it answered."
    answer = _words(response)
    why = f"{said} It says: {answer}" if answer else said
    return PermanentError("rejected", f"The server refused it ({status})", why, todo, cause)


def _words(response: Answer) -> str:
    """What a refusal says, in a line; nothing of a web page."""
    return "" if is_html(response) else without_paths(inert(" ".join(response.text[:SHOWN].split())))


def _link(page: str) -> str:
    """An address that a browser may be sent to; empty for anything else that a server calls one."""
    is_web = page.startswith(("http://", "https://")) and len(page) <= _LONGEST_LINK
    return page if is_web and inert(page) == page else ""


def _elsewhere(response: Answer, what: str) -> AppError:
    """A redirect: to the same host over https it is a wrong address, anywhere else a network's sign-in page."""
    here = urlsplit(response.url or "")
    try:
        page = urljoin(response.url or "", response.headers.get("Location", ""))
        there = urlsplit(page)
        same = here.hostname == there.hostname
    except ValueError:  # whatever a server calls an address
        return _portal(response, what, "")
    if same and here.scheme == "http" and there.scheme == "https":
        base = inert(f"https://{there.netloc.rpartition('@')[2]}", SHOWN)
        said = f"{_host(response)} sends everybody on to {base}; the key is not sent after it."
        return Moved("moved", "The server has another address", said, f"Use {base} as the server's address.", base)
    return _portal(response, what, page)


def _portal(response: Answer, what: str, page: str) -> Portal:
    error = Portal(
        "portal",
        "This network wants you to sign in first",
        f"A web page answered instead of {_host(response)} ({what}). Your key was not sent to it.",
        "Open a web page in your browser and sign in to the network; or check that the address is a W&B server's.",
        f"HTTP {response.status_code}: {response.shown()}",
    )
    error.page = _link(page)
    return error


def check_probe(response: Answer) -> None:
    """What the answer to the harmless probe means; a refusal for want of a key is as good as any. Raises AppError."""
    status = response.status_code
    if is_html(response) and status < 400:
        raise _portal(response, "the probe", response.url or "")
    if status in (407, 408, 429, 511) or status >= 500 or 300 <= status < 400:
        check(response, "the probe")


def retry_after(response: Answer) -> float | None:
    """Seconds until the server wants to be asked again, by `Retry-After`; None where it does not say."""
    return told.pause(response.headers.get("Retry-After"))


def is_html(response: Answer) -> bool:
    """Whether a web page came."""
    return "text/html" in response.headers.get("Content-Type", "").lower() or has_page(response)


def has_page(response: Answer) -> bool:
    """Whether the body is a web page, whatever its type says: file hosts call their empty answers text/html too."""
    start = response.content[:_PAGE_START].lower()
    return b"<html" in start or b"<!doctype" in start


def not_json(response: Answer, what: str) -> AppError:
    """A 2xx reply whose body is not what was asked for: a portal's page, or a server that is not W&B."""
    if is_html(response):
        error = _portal(response, what, response.url or "")
        error.message = f"A web page answered instead of {_host(response)} ({what})."
        return error
    return BadAnswer(
        "bad-answer",
        "The server's answer makes no sense",
        f"{_host(response)}: {what}.",
        "It is tried again by itself. If it stays so, check that the address is a W&B server's.",
        response.shown(),
    )


def only_this_run(error: ServerFault) -> RunFault:
    """The same fault, of a server that answers others."""
    said = f"{error.message} Other requests are answered."
    return RunFault(error.slug, error.title, said, error.todo, error.cause, error.retry_after)


def at_upload_host(error: AppError, url: str) -> AppError:
    """What a failure means when it happened at another host than the server: never a reason to stop everything."""
    if isinstance(error, destinations.Refused):
        return error
    parts = urlsplit(url)
    host, port = parts.hostname or url, parts.port or (80 if parts.scheme == "http" else 443)
    if isinstance(error, (ServerTrouble, ServerRefused)) and not isinstance(error, KeyRefused):
        trouble = UploadHostTrouble(
            "upload-host",
            "Files cannot be uploaded",
            f'The server answers, but its files go to "{host}": {error.message} Everything else is sent.',
            f'Ask IT to allow "{host}" (port {port}).',
            error.cause,
            error.retry_after if isinstance(error, TemporaryError) else None,
        )
        trouble.host = host
        return trouble
    return UploadRefused("upload-refused", "A file was refused", error.message, error.todo, error.cause)


def _host(response: Answer) -> str:
    return urlsplit(response.url or "").netloc.rpartition("@")[2] or "the server"


def _short(error: BaseException) -> str:
    return inert(without_paths(str(error)), SHOWN)


__all__ = [
    "BadAnswer",
    "ConnectionLost",
    "Deleted",
    "Forbidden",
    "GraphQLRefused",
    "KeyRefused",
    "Moved",
    "NameUnknown",
    "NotFound",
    "Portal",
    "RunFault",
    "ServerFault",
    "ServerRefused",
    "ServerTrouble",
    "SlowDown",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "UploadHostTrouble",
    "UploadRefused",
    "at_upload_host",
    "check",
    "check_probe",
    "from_exception",
    "is_html",
    "not_json",
    "only_this_run",
    "retry_after",
]

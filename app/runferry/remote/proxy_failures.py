"""What goes wrong at a proxy: it wants a login, a login that we do not speak, it does not answer, or it forbids."""

from __future__ import annotations

import re
from collections.abc import Callable

from runferry.errors import AppError
from runferry.remote.troubles import ServerRefused, ServerTrouble
from runferry.remote.tunnel import Proxy

_SPOKEN = ("basic",)
_ENTER = "Give them with `runferry proxy ADDRESS --user NAME`, or in HTTPS_PROXY as http://name:password@proxy:port."


class ProxyLogin(ServerRefused):
    """407: it wants a name and a password, or refuses those that it got."""


class ProxyLoginUnsupported(ServerRefused):
    """407, and it takes only logins (NTLM, Kerberos) that we do not speak."""


class ProxyTrouble(ServerTrouble):
    """It does not answer, or cannot reach the server."""


def explain(
    error: Exception, causes: list[BaseException], proxy: Proxy | None, ask: Callable[[], tuple[str, ...]]
) -> AppError:
    """What a request that failed at the proxy means. ask: the logins that it says it takes."""
    text = " ".join(str(one) for one in causes)
    if re.search(r"\b407\b", text) or "authentication failed" in text.lower():
        return login(proxy, ask())
    name, by = _named(proxy)
    answered = re.search(r"Tunnel connection failed: (\d{3}[^')]*)", text)
    if answered:
        return ProxyTrouble(
            "proxy-refused",
            "The proxy does not let this through",
            f"{name}{by} answered: {answered.group(1).strip()}.",
            "It is tried again by itself. If it stays so, ask IT to allow this server.",
            error,
        )
    return ProxyTrouble(
        "proxy-down",
        "The proxy does not answer",
        f"{name}{by}: {_innermost(causes)}.",
        "Check the proxy in the settings, or its variable.",
        error,
    )


def login(proxy: Proxy | None, schemes: tuple[str, ...]) -> AppError:
    """A 407, by the logins that the proxy offers; none told counts as a name and a password."""
    name, by = _named(proxy)
    if schemes and not any(one in _SPOKEN for one in schemes):
        offered = ", ".join(_SHOWN.get(one, one.capitalize()) for one in schemes)
        return ProxyLoginUnsupported(
            "proxy-login-unsupported",
            "The proxy wants a login that is not supported",
            f"{name}{by} takes only {offered}.",
            "Use a helper on this computer that speaks it (px or cntlm) as the proxy, or ask IT for one with Basic.",
            "407",
        )
    refused = f' It refused the name "{proxy.user}" with its password.' if proxy and proxy.user else ""
    return ProxyLogin(
        "proxy-login", "The proxy wants a name and password", f"{name}{by} answered 407.{refused}", _ENTER, "407"
    )


def schemes_of(header: str) -> tuple[str, ...]:
    """The logins that a `Proxy-Authenticate` header offers, in lower case."""
    found = re.findall(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9_-]*)(?=\s+[A-Za-z]|\s*$|\s*,)", header)
    return tuple(dict.fromkeys(one.lower() for one in found))


_SHOWN = {"ntlm": "NTLM", "negotiate": "Negotiate (Kerberos)"}


def _named(proxy: Proxy | None) -> tuple[str, str]:
    return (f"The proxy {proxy.address}", f" (from {proxy.source})") if proxy else ("The proxy", "")


def _innermost(causes: list[BaseException]) -> str:
    """The text of what happened first; never a URL, which may hold a password."""
    for one in reversed(causes):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return type(causes[-1]).__name__

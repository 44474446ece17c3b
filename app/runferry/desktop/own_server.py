"""Whether an address is the app's own local server, as the engine said last: only that one is "this computer".

Kept here for everything that names a server: lists of ten thousand runs ask for each of their cells.
"""

from __future__ import annotations

from runferry.servers import LOCAL, is_loopback

_told: list[frozenset[str]] = []  # what was said last; empty until then


def note(addresses: tuple[str, ...] | None) -> None:
    """The engine says which they are; None: it does not say."""
    if addresses is not None:
        _told[:] = [frozenset(addresses)]


def forget() -> None:
    """As before anything was said."""
    _told.clear()


def is_own(url: str) -> bool:
    """Whether this is the local server; by the look of its address as long as the engine has said nothing."""
    return url in ("", LOCAL) or (url in _told[0] if _told else is_loopback(url))

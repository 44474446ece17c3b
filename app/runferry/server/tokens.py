"""Signed addresses: whoever holds one may do one thing with one file for a while, without the key.

Upload and download addresses are handed to clients that send no key with them. The signature binds method, kind, names
and expiry; the signing secret comes from the store's key and never leaves the process.
"""

from __future__ import annotations

from collections.abc import Callable

from runferry.server.seal import Seal

UPLOAD_SECONDS = 24 * 3600.0  # clients retry uploads for a long time
DOWNLOAD_SECONDS = 3600.0


class Signer:
    """Signs and checks for one store. `now` tells seconds since the epoch."""

    def __init__(self, key: str, now: Callable[[], float]) -> None:
        self._seal = Seal(key, "runferry storage addresses 1")
        self._now = now

    def sign(self, method: str, kind: str, *parts: str) -> str:
        """A token for one method on one file."""
        seconds = UPLOAD_SECONDS if method == "PUT" else DOWNLOAD_SECONDS
        return self._seal.seal([method, int(self._now() + seconds), kind, *parts])

    def check(self, token: str, method: str) -> list[str] | None:
        """Kind and parts; None for a token that is forged, for another method, or expired."""
        found = self._seal.open(token)
        if found is None:
            return None
        allowed, expiry, *rest = found
        if allowed != method or expiry < self._now():
            return None
        return [str(one) for one in rest]

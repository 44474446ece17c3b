"""Signed addresses: whoever holds one may do one thing with one file for a while, without the key.

Upload and download addresses are handed to clients that send no key with them. The signature binds method, kind, names
and expiry; the signing secret comes from the store's key and never leaves the process.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable

UPLOAD_SECONDS = 24 * 3600.0  # clients retry uploads for a long time
DOWNLOAD_SECONDS = 3600.0


class Signer:
    """Signs and checks for one store. `now` tells seconds since the epoch."""

    def __init__(self, key: str, now: Callable[[], float]) -> None:
        self._secret = hmac.new(key.encode(), b"runferry storage addresses 1", hashlib.sha256).digest()
        self._now = now

    def sign(self, method: str, kind: str, *parts: str) -> str:
        """A token for one method on one file."""
        seconds = UPLOAD_SECONDS if method == "PUT" else DOWNLOAD_SECONDS
        payload = json.dumps([method, int(self._now() + seconds), kind, *parts]).encode()
        return _text(payload) + "." + _text(self._mac(payload))

    def check(self, token: str, method: str) -> list[str] | None:
        """Kind and parts; None for a token that is forged, for another method, or expired."""
        head, _, tail = token.partition(".")
        try:
            payload, mac = _bytes(head), _bytes(tail)
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(mac, self._mac(payload)):
            return None
        allowed, expiry, *rest = json.loads(payload)
        if allowed != method or expiry < self._now():
            return None
        return [str(one) for one in rest]

    def _mac(self, payload: bytes) -> bytes:
        return hmac.new(self._secret, payload, hashlib.sha256).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

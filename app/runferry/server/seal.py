"""A few values as a text that only this store can have made: base64 of JSON, a dot, and its HMAC-SHA-256.

Each purpose has a secret of its own, derived from the store's key, so that a text for one thing is none for another.
Anybody can read what a sealed text says; nobody without the key can change it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any


class Seal:
    """Seals and opens texts for one purpose. Any thread.

    Args:
        key: the store's key.
        purpose: words that no other purpose has.
    """

    def __init__(self, key: str, purpose: str) -> None:
        self._secret = hmac.new(key.encode(), purpose.encode(), hashlib.sha256).digest()

    def seal(self, values: Sequence[Any]) -> str:
        """The text that holds these values, which JSON can take."""
        payload = json.dumps(list(values)).encode()
        return f"{_text(payload)}.{_text(self._mac(payload))}"

    def open(self, sealed: str) -> list[Any] | None:
        """The values; None for a text that was not sealed here."""
        head, _, tail = sealed.partition(".")
        try:
            payload, mac = _bytes(head), _bytes(tail)
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(mac, self._mac(payload)):
            return None
        values: list[Any] = json.loads(payload)
        return values

    def _mac(self, payload: bytes) -> bytes:
        return hmac.new(self._secret, payload, hashlib.sha256).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

"""What a browser carries once it was let in: a signed note that expires, in a cookie that no script can read.

The note is not the key and is made from a secret of its own, so whoever sees it learns nothing that opens anything
else. It names the account that it was given to, where the system tells that: browsers send cookies to *every port* of
a host, so a server of another account on this computer can be shown it, and must not be able to use it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from runferry.server.neighbours import UNPROVEN

SECONDS = 12 * 3600
_MOST_TRIED = 8  # cookies of one name in one request: another port can add some, never remove ours
_LONGEST = 512


class Sessions:
    """Makes and checks the notes of one store. `now`: seconds since the epoch. Any thread."""

    def __init__(self, key: str, store_id: str, now: Callable[[], float]) -> None:
        self._secret = hmac.new(key.encode(), b"runferry browser sessions 1", hashlib.sha256).digest()
        self._now = now
        self.cookie = f"runferry-{store_id[:8]}"  # two servers on one host have two

    def cookie_for(self, owner: str, is_encrypted: bool) -> str:
        """The value of ``Set-Cookie`` for a browser of this owner (see `neighbours.owner_of`)."""
        payload = json.dumps([int(self._now() + SECONDS), owner, secrets.token_urlsafe(8)]).encode()
        value = f"{_text(payload)}.{_text(self._mac(payload))}"
        secure = "; Secure" if is_encrypted else ""
        return f"{self.cookie}={value}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Strict{secure}"

    def is_open(self, headers: Iterable[str], owner: str) -> bool:
        """Whether one of the ``Cookie`` headers lets this owner in."""
        if owner == UNPROVEN:
            return False
        return any(self._is_valid(value, owner) for value in islice(self._values(headers), _MOST_TRIED))

    def _values(self, headers: Iterable[str]) -> Iterator[str]:
        for header in headers:
            for part in header.split(";"):
                name, _, value = part.strip().partition("=")
                if name == self.cookie:
                    yield value

    def _is_valid(self, value: str, owner: str) -> bool:
        head, _, tail = value.partition(".")
        if len(value) > _LONGEST:
            return False
        try:
            payload, mac = _bytes(head), _bytes(tail)
        except (binascii.Error, ValueError):
            return False
        if not hmac.compare_digest(mac, self._mac(payload)):
            return False
        expiry, given_to, _ = json.loads(payload)
        return bool(expiry > self._now() and given_to == owner)

    def _mac(self, payload: bytes) -> bytes:
        return hmac.new(self._secret, payload, hashlib.sha256).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

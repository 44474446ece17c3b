"""What a browser carries once it was let in: a signed note that expires, in a cookie that no script can read.

The note is not the key and is made from a secret of its own, so whoever sees it learns nothing that opens anything
else. It names the account that it was given to, where the system tells that: browsers send cookies to *every port* of
a host, so a server of another account on this computer can be shown it, and must not be able to use it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from runferry.server.neighbours import UNPROVEN
from runferry.server.seal import Seal

SECONDS = 12 * 3600
_MOST_TRIED = 8  # cookies of one name in one request: another port can add some, never remove ours
_LONGEST = 512


class Sessions:
    """Makes and checks the notes of one store. `now`: seconds since the epoch. Any thread."""

    def __init__(self, key: str, store_id: str, now: Callable[[], float]) -> None:
        self._seal = Seal(key, "runferry browser sessions 1")
        self._now = now
        self.cookie = f"runferry-{store_id[:8]}"  # two servers on one host have two

    def cookie_for(self, owner: str, is_encrypted: bool) -> str:
        """The value of ``Set-Cookie`` for a browser of this owner (see `neighbours.owner_of`)."""
        value = self._seal.seal([int(self._now() + SECONDS), owner, secrets.token_urlsafe(8)])
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
        found = self._seal.open(value) if len(value) <= _LONGEST else None
        if found is None:
            return False
        expiry, given_to, _ = found
        return bool(expiry > self._now() and given_to == owner)

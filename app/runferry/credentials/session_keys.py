"""Keys for this session only: kept in the memory of this process, for machines without a keyring, where a person
wants no file either. They are gone when it ends; nothing of them is written anywhere."""

from __future__ import annotations

import threading

from runferry.servers import normalise_url


class SessionKeys:
    """Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, str] = {}

    def get(self, url: str) -> str | None:
        """The key of a server, or None."""
        with self._lock:
            return self._keys.get(normalise_url(url))

    def set(self, url: str, key: str | None) -> bool:
        """Keep or (None) forget the key of a server; tells whether there was one before."""
        with self._lock:
            before = self._keys.pop(normalise_url(url), None)
            if key is not None:
                self._keys[normalise_url(url)] = key
            return before is not None


SESSION = SessionKeys()
"""The one of this process: a session is the process."""

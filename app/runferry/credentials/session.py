"""Keys that are kept until this process ends, for people who want them nowhere else. In memory only, never written."""

from __future__ import annotations

import threading

from runferry.servers import normalise_url

_lock = threading.Lock()
_keys: dict[str, str] = {}


def read_key(url: str) -> str | None:
    """The key of a server, or None."""
    with _lock:
        return _keys.get(normalise_url(url))


def write_key(url: str, key: str | None) -> bool:
    """Keep or (None) forget the key of a server; tells whether there was one before."""
    with _lock:
        known = _keys.pop(normalise_url(url), None) is not None
        if key is not None:
            _keys[normalise_url(url)] = key
    return known

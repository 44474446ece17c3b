"""Whether what was offered is the server's key; takes as long for every wrong one."""

from __future__ import annotations

import base64
import binascii
import hmac


def is_key(offered: str, key: bytes) -> bool:
    """Whether a text is the key."""
    return hmac.compare_digest(offered.strip().encode("utf-8", "replace"), key)


def carries_key(header: str, key: bytes) -> bool:
    """Whether an ``Authorization`` header has it: as the password of Basic, or as Bearer."""
    scheme, _, value = header.partition(" ")
    offered = value.strip()
    if scheme.lower() == "basic":
        try:
            offered = base64.b64decode(offered, validate=True).partition(b":")[2].decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return is_key(offered, key)

"""How a server shows that it holds its store's key without telling it: a challenge, answered.

Never signs anything but challenges: the secret is one of its own, so no answer is good for anything else.
"""

from __future__ import annotations

import hashlib
import hmac

LONGEST_CHALLENGE = 128  # characters


def answer(key: str, challenge: str, store: str) -> str:
    """What only somebody with the key can say to this challenge, for the store with this id; hexadecimal."""
    secret = hmac.new(key.encode(), b"runferry identity 1", hashlib.sha256).digest()
    return hmac.new(secret, f"{challenge}\0{store}".encode(), hashlib.sha256).hexdigest()


def is_answer(told: object, key: str, challenge: str, store: str) -> bool:
    """Whether what was told is the answer."""
    return hmac.compare_digest(str(told).encode(), answer(key, challenge, store).encode())

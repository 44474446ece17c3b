"""An API key, and what one looks like. A key is never shown, not even in part."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from runferry.errors import UsageError

MIN_LENGTH = 40
_KEY = re.compile(r"[\w-]{40,}", re.ASCII)
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


@dataclass(frozen=True)
class Key:
    """A key and where it was found: a variable, ``keyring``, or a file. `repr` hides the value."""

    value: str = field(repr=False)
    source: str


def looks_like_key(text: str) -> bool:
    """Whether W&B's servers could take this as a key: 40 or more letters, digits, - and _, or a token ``a.b.c``."""
    return _KEY.fullmatch(text) is not None or (len(text) >= MIN_LENGTH and _JWT.fullmatch(text) is not None)


def check_key(text: str, source: str = "") -> str:
    """The key without the blanks that copying brings along; UsageError says what is wrong, without repeating it."""
    key = text.strip()
    if looks_like_key(key):
        return key
    if not key:
        why = "it is empty"
    elif "://" in key:
        why = "it is an address"
    elif re.search(r"\s", key):
        why = "it has blanks or line breaks in it"
    elif len(key) < MIN_LENGTH:
        why = f"it has {len(key)} characters, and keys have at least {MIN_LENGTH}"
    else:
        why = "it has characters that keys do not have"
    raise UsageError(
        "key-malformed",
        "That is not an API key",
        f"What {source or 'was given'} holds cannot be a key: {why}." if source else f"It cannot be a key: {why}.",
        "Copy the whole key from the server's page of user settings (for W&B's cloud: https://wandb.ai/authorize).",
    )

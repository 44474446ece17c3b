"""Asks an address whether a Runferry server answers there, and which store it serves. Sends no key."""

from __future__ import annotations

import secrets
import ssl

from runferry.errors import AppError
from runferry.proof import is_answer
from runferry.remote.session import Session


def store_at(url: str, key: str = "", timeout: float = 2.0) -> str | None:
    """The id of the store that answers at `url`; None when something else does, or nothing.

    key: the store's; whoever answers must show that it has it too, since any process can say a store's id.
    """
    challenge = secrets.token_hex(32)
    session = Session(url, "", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), {}, timeout, timeout)
    try:
        told = session.get_public(f"/runferry?challenge={challenge}", "who is there")
    except AppError:
        return None
    finally:
        session.close()
    if not isinstance(told, dict) or told.get("product") != "runferry":
        return None
    store = str(told.get("store") or "")
    if key and not is_answer(told.get("proof"), key, challenge, store):
        return None
    return store or None

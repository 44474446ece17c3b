"""Asks an address whether a Runferry server answers there, and which store it serves. Sends no key."""

from __future__ import annotations

import ssl

from runferry.errors import AppError
from runferry.remote.session import Session


def store_at(url: str, timeout: float = 2.0) -> str | None:
    """The id of the store that answers at `url`; None when something else does, or nothing."""
    session = Session(url, "", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), {}, timeout, timeout)
    try:
        told = session.get_public("/runferry", "who is there")
    except AppError:
        return None
    finally:
        session.close()
    if isinstance(told, dict) and told.get("product") == "runferry":
        return str(told.get("store") or "") or None
    return None

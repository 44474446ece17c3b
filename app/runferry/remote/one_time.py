"""Asks a Runferry server for a link that opens one of its pages once, without the key."""

from __future__ import annotations

import ssl

from runferry.errors import AppError
from runferry.remote.session import Session


def one_time_link(url: str, key: str, path: str, timeout: float = 5.0) -> str | None:
    """The address that opens `path` of the server at `url` once, within a minute; None where it makes none."""
    session = Session(url, key, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), {}, timeout, timeout)
    try:
        told = session.post_json("/once", {"path": path}, "a link to a page")
    except AppError:
        return None
    finally:
        session.close()
    made = told.get("path") if isinstance(told, dict) else None
    return url + made if isinstance(made, str) and made.startswith("/once?") else None

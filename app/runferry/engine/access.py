"""Asks a server whose key something is, before the key is stored anywhere."""

from __future__ import annotations

from collections.abc import Mapping

from runferry.remote.runs import Account, viewer
from runferry.remote.session import Session
from runferry.remote.trust import make_context
from runferry.settings import Settings


def whose_key(url: str, key: str, settings: Settings, environ: Mapping[str, str]) -> Account:
    """The account of a key. Raises AppError when the server refuses it or cannot be reached."""
    session = Session(url, key, make_context(environ), environ, settings.connect_timeout, settings.request_timeout)
    try:
        return viewer(session)
    finally:
        session.close()

"""Asks a server whose key something is, before the key is stored anywhere."""

from __future__ import annotations

from collections.abc import Mapping

from runferry.engine.ways import open_session
from runferry.remote.runs import Account, viewer
from runferry.settings import Settings


def whose_key(url: str, key: str, settings: Settings, environ: Mapping[str, str]) -> Account:
    """The account of a key. Raises AppError when the server refuses it or cannot be reached."""
    session = open_session(url, key, settings, environ)
    try:
        return viewer(session)
    finally:
        session.close()

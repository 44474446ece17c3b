"""Which measurements a server has of a run already: asked where the ledger does not know, because it was lost, or
because another machine may have sent them. Read once, whole up to a limit; nothing is sent here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from runferry.errors import PermanentError
from runferry.remote import runs
from runferry.remote.answers import row
from runferry.remote.runs import Created
from runferry.remote.session import Session

log = logging.getLogger(__name__)

MOST = 20_000  # lines that are asked for; of more, servers give some from everywhere

_Key = tuple[float, float]


class EventsThere:
    """Of one run. count, tail: how many events the server had when it was met, and the last of them."""

    def __init__(self, session: Session, run: Created, count: int, tail: Sequence[str]) -> None:
        self._session, self._run, self._count, self._tail = session, run, count, tuple(tail)
        self._keys: frozenset[_Key] | None = None

    def has(self, event: Mapping[str, Any]) -> bool:
        """Whether one is among them: its times are as good as a name. Raises AppError when nobody can be asked."""
        if not self._count:
            return False
        if self._keys is None:
            keys = (_key_of(line) for line in (*self._tail, *self._all()))
            self._keys = frozenset(one for one in keys if one is not None)
        return _key(event) in self._keys

    def _all(self) -> list[str]:
        try:
            return runs.events(self._session, self._run, min(self._count, MOST))
        except PermanentError as error:  # it does not tell
            log.info("%s: its events cannot be read: %s", self._run.run_id, error)
            return []


def _key_of(line: str) -> _Key | None:
    return _key(row(line))


def _key(event: Mapping[str, Any]) -> _Key | None:
    """When it was taken, by both clocks."""
    taken, runtime = event.get("_timestamp"), event.get("_runtime", 0.0)
    if isinstance(taken, (int, float)) and isinstance(runtime, (int, float)):
        return float(taken), float(runtime)
    return None

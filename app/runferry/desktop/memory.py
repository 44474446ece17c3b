"""What the window remembers between two starts: its size, columns, filters. Nothing that anybody would miss.

A file of the state folder, read tolerantly; what does not fit is forgotten.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from runferry.settings.file import replace_private

log = logging.getLogger(__name__)


class Memory:
    """Names and JSON values. Used on the window's thread."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        if path is not None:
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                self._values = found if isinstance(found, dict) else {}
            except (OSError, ValueError, RecursionError):
                self._values = {}
        self._saved = dict(self._values)

    def get(self, name: str, default: Any) -> Any:
        """What was kept under a name, if it is of the default's type."""
        found = self._values.get(name, default)
        return found if isinstance(found, type(default)) else default

    def keep(self, name: str, value: Any) -> None:
        """Remember; written by `save`."""
        self._values[name] = value

    def save(self) -> None:
        """Write what changed; a failure is logged and forgotten."""
        if self._path is None or self._values == self._saved:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_private(self._path, json.dumps(self._values, indent=1, sort_keys=True) + "\n")
            self._saved = dict(self._values)
        except (OSError, TypeError, ValueError) as error:
            log.warning("the window's memory was not saved: %s", error)

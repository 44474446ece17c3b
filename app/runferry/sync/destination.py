"""Where a run goes: a server, and what is called differently there than in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Server:
    """A server as the sync sees it. `identity`: what the ledger knows it by (a local server's store id, else the URL).

    `app_url`: base of the pages that people open. `key` never leaves this object but towards `url`.
    """

    url: str
    identity: str
    app_url: str
    key: str = ""

    def __repr__(self) -> str:
        return f"Server({self.url})"

    @property
    def is_runferry(self) -> bool:
        """Whether it is a local server of ours, by its store's id."""
        return self.identity.startswith("runferry:")


class Columns(Protocol):
    """A row of the ledger."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True)
class Destination:
    """Overrides for one run; empty text means "what the log says, else the default"."""

    entity: str = ""
    project: str = ""
    run_id: str = ""
    default_entity: str = ""
    default_project: str = ""

    def place(self, entity: str, project: str, run_id: str) -> tuple[str, str, str]:
        """Where a run goes whose log names these; an empty entity stands for the key's own."""
        return (
            self.entity or entity or self.default_entity,
            self.project or project or self.default_project or UNCATEGORIZED,
            self.run_id or run_id,
        )

    def matches(self, run_id: str) -> Callable[[Columns], bool]:
        """Whether a target of the ledger is where a run of this id goes; what was not said may be anything."""

        def is_meant(target: Columns) -> bool:
            return (
                target["run_id"] == (self.run_id or run_id)
                and self.entity in ("", target["entity"])
                and self.project in ("", target["project"])
            )

        return is_meant


UNCATEGORIZED = "uncategorized"  # the project that servers use for runs that name none

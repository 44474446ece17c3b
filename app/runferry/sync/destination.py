"""Where a run goes: a server, and what is called differently there than in the log."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True)
class Destination:
    """Overrides for one run; empty text means "what the log says, else the default"."""

    entity: str = ""
    project: str = ""
    run_id: str = ""
    default_entity: str = ""
    default_project: str = ""


UNCATEGORIZED = "uncategorized"  # the project that servers use for runs that name none

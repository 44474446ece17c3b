"""Links of runs that may be followed out of the run's folder, as they were when that was decided.

Which link it is its device and inode say, and where it led its target: one that was replaced or turned since is
another one, and nothing is known of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from runferry.state.database import Database


@dataclass(frozen=True)
class KnownLink:
    """`name`: of the run's file. `identity`: device and inode of the link. `target`: the file, by a path without links.

    is_asked: a person wanted it to be followed; else it was seen to appear while the run was being recorded here.
    """

    name: str
    identity: str
    target: str
    is_asked: bool


class LinkTable:
    """One row for each link. Paths are kept as bytes: what a file system calls a name need not be text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, folder: Path) -> dict[str, KnownLink]:
        """Those of one run folder, by the file's name."""
        found = self._database.rows("SELECT * FROM links WHERE folder = ?", os.fsencode(folder))
        names = ((os.fsdecode(one["name"]), one) for one in found)
        return {
            name: KnownLink(name, one["identity"], os.fsdecode(one["target"]), bool(one["asked"]))
            for name, one in names
        }

    def keep(self, folder: Path, links: Iterable[KnownLink]) -> None:
        """Remember them. What a person wanted stays wanted as long as it is the same link to the same target."""
        with self._database.transaction() as db:
            db.executemany(
                "INSERT INTO links (folder, name, identity, target, asked) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (folder, name) DO UPDATE SET identity = excluded.identity, target = excluded.target, "
                "asked = max(excluded.asked, asked * (identity = excluded.identity AND target = excluded.target))",
                [
                    (os.fsencode(folder), os.fsencode(one.name), one.identity, os.fsencode(one.target), one.is_asked)
                    for one in links
                ],
            )

"""Runs that a person had sent from outside the watched folders, so that they are known after a restart, too."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

from runferry.state.database import Database


@dataclass(frozen=True)
class Asked:
    """`path`: the log, or the folder of a run in the old layout. Empty texts: as the log says, else the default."""

    path: str
    server: str
    entity: str = ""
    project: str = ""
    run_id: str = ""
    default_entity: str = ""
    default_project: str = ""
    metrics_only: bool = False
    follow_links: bool = False


_NAMES = tuple(one.name for one in fields(Asked))


class AskedTable:
    """One row for each run and place, in the order in which they were asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Asked]:
        """Every one."""
        found = self._database.rows(f"SELECT {', '.join(_NAMES)} FROM asked ORDER BY rowid")  # noqa: S608 -- our names
        return [
            Asked(
                **{
                    **dict(one),
                    "metrics_only": bool(one["metrics_only"]),
                    "follow_links": bool(one["follow_links"]),
                }
            )
            for one in found
        ]

    def put(self, asked: list[Asked]) -> None:
        """Remember them; what was asked last counts."""
        marks = ", ".join("?" for _ in _NAMES)
        with self._database.transaction() as db:
            db.executemany(f"INSERT OR REPLACE INTO asked ({', '.join(_NAMES)}) VALUES ({marks})", map(astuple, asked))  # noqa: S608

    def drop(self, path: str) -> None:
        """Forget all about a path."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM asked WHERE path = ?", (path,))

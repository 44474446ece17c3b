"""A damaged state file is put aside, and a new one begun: what was delivered is asked of the servers again.

Only for the holder of the owner's lock. Nobody's data is lost by it, as the state holds none; what a person has said,
pauses and runs that were asked for, is taken over where it can still be read.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from runferry.errors import AppError, PermanentError
from runferry.state.any_text import AnyTextConnection
from runferry.state.database import Database

TAKEN_OVER = ("pauses", "asked", "links")
ASKED_ANEW = frozenset(  # of the servers, or measured and noted again
    (
        "sources", "targets", "deliveries", "ranges", "files", "alerts", "artifacts", "set_aside", "gaps", "activity",
        "samples", "shares",
    )
)  # fmt: skip
_PARTS = ("", "-wal", "-shm")  # of an SQLite database


def open_or_rebuild(database: Database) -> AppError | None:
    """Open it; what is to be told where a damaged one was put aside. Raises AppError for what cannot be mended so."""
    try:
        database.open(is_checked=True)
    except PermanentError as error:
        if error.slug != "state-broken":
            raise
        damaged = error
    else:
        return None
    aside = _free_name(database.path)
    try:
        _move(database.path, aside)
        database.open()
    except (AppError, OSError):
        with suppress(OSError):
            for part in _PARTS:  # what the new one left must not be taken for the old one's
                database.path.with_name(database.path.name + part).unlink(missing_ok=True)
            _move(aside, database.path)
        raise damaged from None
    is_whole = _take_over(aside, database)
    forgotten = "" if is_whole else " Pauses, and runs from outside the watched folders, may have to be named again."
    return AppError(
        "state-rebuilt",
        "The state file was damaged",
        f"It lies at {aside} now, and a new one was begun: servers are asked again what they have.{forgotten}",
        "Nothing, unless it comes back: then have the disk checked. The damaged file can be deleted.",
        damaged.cause,
    )


def _free_name(path: Path) -> Path:
    number = 1
    while (candidate := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return candidate


def _move(path: Path, to: Path) -> None:
    for part in _PARTS:
        old = path.with_name(path.name + part)
        if old.exists():
            old.replace(to.with_name(to.name + part))


def _take_over(aside: Path, database: Database) -> bool:
    """Copy what a person has said; whether all of it could be read."""
    is_whole = True
    place = f"{aside.as_uri()}?mode=ro"
    with suppress(sqlite3.Error), closing(sqlite3.connect(place, uri=True, factory=AnyTextConnection)) as old:
        for table in TAKEN_OVER:
            try:
                found = old.execute(f"SELECT * FROM {table}")  # noqa: S608 - ours
                columns = ", ".join(one[0] for one in found.description)
                marks = ", ".join("?" for _ in found.description)
                with database.transaction() as new:
                    new.executemany(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", found.fetchall())  # noqa: S608
            except (sqlite3.Error, AppError, OverflowError, UnicodeError):
                is_whole = False
        return is_whole
    return False

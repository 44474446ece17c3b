"""The SQLite file: opened once per process, migrated with a copy made first, its errors put into words.

Any thread may use it; one at a time does. Writes happen inside `transaction()`, which commits as a whole or not at
all. Nothing in here knows what the tables mean: `state.ledger` does.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType

from runferry.errors import AppError, NeedsUser, PermanentError
from runferry.state import schema
from runferry.state.any_text import AnyTextConnection

NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "fuse.sshfs",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "9p",
    "afs",
}


class Database:
    """One connection, shared by all threads under a lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._depth = 0

    def open(self, is_checked: bool = False) -> Database:
        """Create or migrate the file. Raises AppError when it cannot be used.

        is_checked: look through all of it for damage first; takes some 50 ms for 10,000 runs.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(
                self.path, check_same_thread=False, isolation_level=None, timeout=10, factory=AnyTextConnection
            )
            connection.row_factory = sqlite3.Row
            self._connection = connection
            # WAL needs shared memory, which network file systems do not give.
            journal = "DELETE" if file_system_of(self.path.parent) in NETWORK_FILE_SYSTEMS else "WAL"
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("PRAGMA synchronous=NORMAL" if journal == "WAL" else "PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            if is_checked and (wrong := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(f"malformed: {wrong}")
            self._migrate(connection)
            if missing := _expected_columns() - _columns(connection):
                raise sqlite3.DatabaseError(f"malformed: {' '.join(sorted(missing))} is not there")
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise in_words(error, self.path) from error
        except AppError:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Give the file back; the object may be opened again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Database:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; nests (the outermost commits)."""
        with self._lock:
            connection = self._need()
            if self._depth:
                yield connection
                return
            self._depth = 1
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):  # what went wrong before is told
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise in_words(error, self.path) from error
                raise
            finally:
                self._depth = 0

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            try:
                return self._need().execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise in_words(error, self.path) from error

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        found = self.rows(query, *values)
        return found[0] if found else None

    def _need(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the database is not open")
        return self._connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if owner not in (0, schema.APPLICATION_ID) or version > len(schema.MIGRATIONS):
            raise PermanentError(
                "state-from-elsewhere",
                "The state file is not usable",
                f"{self.path} was written by a newer Runferry or by another program.",
                "Update Runferry, or move the file away: it will then ask the servers what they have.",
            )
        if version == len(schema.MIGRATIONS):
            return
        if version:
            with closing(sqlite3.connect(self.path.with_suffix(f".before-{len(schema.MIGRATIONS)}.db"))) as copy:
                connection.backup(copy)  # a copy of the file alone would miss what is still in the write-ahead log
        for number in range(version, len(schema.MIGRATIONS)):
            connection.executescript(
                f"BEGIN IMMEDIATE;{schema.MIGRATIONS[number]};PRAGMA application_id={schema.APPLICATION_ID};"
                f"PRAGMA user_version={number + 1};COMMIT;"
            )


def _columns(connection: sqlite3.Connection) -> frozenset[str]:
    """All columns as TABLE.COLUMN."""
    query = (
        "SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'"
    )
    return frozenset(name for (name,) in connection.execute(query))


@cache
def _expected_columns() -> frozenset[str]:
    """Those that a new file has: a flipped bit may stand in the very text that describes a table."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        for migration in schema.MIGRATIONS:
            fresh.executescript(migration)
        return _columns(fresh)


def file_system_of(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The type of the file system that holds `folder` (``ext4``, ``nfs4``), or an empty text where unknown."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    here = str(folder.resolve())
    best, kind = -1, ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = here == point or here.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, kind = len(point), fields[2]
    return kind


def in_words(error: sqlite3.Error | OSError, path: Path) -> AppError:
    """What a failure of the state file means for a person."""
    text = str(error).lower()
    if "disk is full" in text or "no space" in text:
        return NeedsUser(
            "disk-full",
            "The disk is full",
            f"{path} cannot grow.",
            f"Free some space on the disk of {path.parent}.",
            error,
        )
    if "locked" in text:
        return NeedsUser(
            "state-locked",
            "The state file is in use",
            f"Another program holds {path}.",
            "Close it and try again.",
            error,
        )
    if "malformed" in text or "not a database" in text or "unsupported file format" in text:
        return PermanentError(
            "state-broken",
            "The state file is damaged",
            f"{path} cannot be read ({error}).",
            "Start the app, or sync a run: the file is put aside then and a new one made. "
            "Nothing is lost: the runs are on disk, and servers are asked what they already have.",
            error,
        )
    return NeedsUser(
        "state-unusable",
        "The state folder cannot be used",
        f"{path}: {error}.",
        "Make the folder writable, look whether its disk is full or failing, or choose another one with RUNFERRY_HOME.",
        error,
    )

"""An SQLite index of what lies in the store's files, so that lists need not open every folder.

The files are the truth: the index is thrown away and made again when it is missing, damaged, of another version, or was
not closed (a kill may have come between a file and its entry). Nothing is kept only here. What it says of runs is
looked at once more when a run's own record turns out to be damaged.

One connection, used by all threads under one lock. What the database refuses is raised as OSError.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

from runferry.server.durable import open_private

VERSION = 2

_TABLES = """
CREATE TABLE projects (entity TEXT, project TEXT, created REAL, PRIMARY KEY (entity, project)) WITHOUT ROWID;
CREATE TABLE runs (entity TEXT, project TEXT, name TEXT, created REAL, folder TEXT, document TEXT,
                   PRIMARY KEY (entity, project, name)) WITHOUT ROWID;
CREATE TABLE artifacts (id TEXT PRIMARY KEY, entity TEXT, project TEXT, collection TEXT, type TEXT, client TEXT,
                        sequence_client TEXT, version INTEGER, document TEXT) WITHOUT ROWID;
CREATE INDEX artifacts_place ON artifacts (entity, project, collection, version);
CREATE INDEX artifacts_client ON artifacts (client);
CREATE TABLE digests (path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, md5 TEXT) WITHOUT ROWID;
CREATE TABLE state (clean INTEGER);
INSERT INTO state VALUES (0);
"""


class Index:
    """The index file at `path`. `open` tells whether it has to be filled."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def open(self) -> bool:
        """Open it. True: it is empty now and must be filled from the files, then `filled` be called."""
        try:
            database = self._connect()
            version = database.execute("PRAGMA user_version").fetchone()[0]
            clean = version == VERSION and database.execute("SELECT clean FROM state").fetchone()[0]
            healthy = clean and database.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        except sqlite3.DatabaseError:
            healthy = False
        if healthy:
            self._set_clean(False)
            return False
        try:
            self._start_over()
        except sqlite3.Error as error:
            raise OSError(errno.EIO, f"the index cannot be made: {error}", str(self._path)) from error
        return True

    def _connect(self) -> sqlite3.Connection:
        os.close(open_private(self._path, os.O_RDWR | os.O_CREAT))
        self._database = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=MEMORY")
        self._database.execute("PRAGMA synchronous=OFF")  # rebuilt after a crash anyway
        return self._database

    def _start_over(self) -> None:
        if self._database is not None:
            self._database.close()
        old = self._old()
        with contextlib.suppress(FileNotFoundError):
            self._path.replace(old)
        for suffix in ("-journal", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._connect().executescript(_TABLES)

    def _old(self) -> Path:
        return self._path.with_name(self._path.name + ".old")

    def run_of_old(self, folder: str) -> dict[str, Any] | None:
        """While it is filled: what the index before it knew of the run in this folder, if it can still be read."""
        if not self._old().is_file():
            return None
        try:
            with contextlib.closing(sqlite3.connect(f"{self._old().as_uri()}?mode=ro", uri=True)) as old:
                row = old.execute("SELECT document FROM runs WHERE folder=?", (folder,)).fetchone()
            found = json.loads(row[0]) if row else None
        except (sqlite3.Error, ValueError, TypeError):
            return None
        return found if isinstance(found, dict) else None

    def filled(self) -> None:
        """The rebuild is complete."""
        self._run(f"PRAGMA user_version={VERSION}")
        self._old().unlink(missing_ok=True)

    def close(self) -> None:
        """Mark it as complete and close it."""
        if self._database is None:
            return
        with contextlib.suppress(OSError):  # then it is made anew the next time
            with self._path.open("rb+") as file:
                os.fsync(file.fileno())  # all of it, before it is called complete
            self._set_clean(True)
        self._database.close()
        self._database = None

    def _set_clean(self, clean: bool) -> None:
        """On the disk when it returns: after a power cut an old mark would make an old index look like a whole one."""
        self._run("PRAGMA synchronous=FULL")
        self._run("UPDATE state SET clean=?", int(clean))
        self._run("PRAGMA synchronous=OFF")

    def _run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            assert self._database is not None, "the index is closed"
            try:
                return self._database.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise OSError(errno.EIO, f"the index refuses: {error}", str(self._path)) from error

    # Projects and runs

    def put_project(self, entity: str, project: str, created: float) -> None:
        """Note a project; a known one keeps its time."""
        self._run("INSERT OR IGNORE INTO projects VALUES (?,?,?)", entity, project, created)

    def projects(self, entity: str) -> list[tuple[str, float]]:
        """Name and time of creation of the entity's projects, newest first."""
        return self._run("SELECT project, created FROM projects WHERE entity=? ORDER BY created DESC, project", entity)

    def entities(self) -> list[str]:
        """All entities that have a project."""
        return [row[0] for row in self._run("SELECT DISTINCT entity FROM projects ORDER BY entity")]

    def put_run(self, document: dict[str, Any], folder: str) -> None:
        """Note a run as its record's dict; `folder` is relative to the store."""
        place = (document["entity"], document["project"], document["name"])
        self._run(
            "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?)",
            *place,
            document["created"],
            folder,
            json.dumps(document),
        )

    def run(self, entity: str, project: str, name: str) -> tuple[str, dict[str, Any]] | None:
        """Folder and record of one run."""
        rows = self._run(
            "SELECT folder, document FROM runs WHERE entity=? AND project=? AND name=?", entity, project, name
        )
        return (rows[0][0], json.loads(rows[0][1])) if rows else None

    def run_names(self, entity: str, project: str) -> list[str]:
        """The names of a project's runs, oldest first."""
        rows = self._run("SELECT name FROM runs WHERE entity=? AND project=? ORDER BY created, name", entity, project)
        return [row[0] for row in rows]

    def drop_run(self, entity: str, project: str, name: str) -> None:
        """Forget a run."""
        self._run("DELETE FROM runs WHERE entity=? AND project=? AND name=?", entity, project, name)

    # Artifacts

    def put_artifact(self, document: dict[str, Any]) -> None:
        """Note an artifact as its record's dict."""
        keys = ("id", "entity", "project", "collection", "type", "client_id", "sequence_client_id", "version")
        values = [document.get(key) for key in keys]
        self._run("INSERT OR REPLACE INTO artifacts VALUES (?,?,?,?,?,?,?,?,?)", *values, json.dumps(document))

    def artifact(self, identifier: str) -> dict[str, Any] | None:
        """One artifact by id."""
        rows = self._run("SELECT document FROM artifacts WHERE id=?", identifier)
        return json.loads(rows[0][0]) if rows else None

    def artifact_of_client(self, client_id: str) -> dict[str, Any] | None:
        """One artifact by the id that its writer chose."""
        rows = self._run("SELECT document FROM artifacts WHERE client=? ORDER BY version DESC LIMIT 1", client_id)
        return json.loads(rows[0][0]) if rows else None

    def artifacts(self, entity: str, project: str, collection: str | None = None) -> list[dict[str, Any]]:
        """A project's or a collection's artifacts, versions ascending, pending ones first."""
        statement = "SELECT document FROM artifacts WHERE entity=? AND project=?"
        values = [entity, project]
        if collection is not None:
            statement += " AND collection=?"
            values.append(collection)
        return [json.loads(row[0]) for row in self._run(statement + " ORDER BY collection, version", *values)]

    # Digests of uploaded files

    def digest(self, path: str, size: int, modified: int) -> str | None:
        """The remembered digest of a file that has not changed since."""
        rows = self._run("SELECT md5 FROM digests WHERE path=? AND size=? AND modified=?", path, size, modified)
        return rows[0][0] if rows else None

    def put_digest(self, path: str, size: int, modified: int, md5: str) -> None:
        """Remember a digest."""
        self._run("INSERT OR REPLACE INTO digests VALUES (?,?,?,?)", path, size, modified, md5)

"""The local server's store: a folder that one process owns while it is open.

    key           the API key, 40 characters
    store.json    which store this is, and how names are written
    runs/         <entity>/<project>/<run id>/: see `run_folder`
    artifacts/ blobs/   see `artifacts`
    deleted/      runs that were deleted: moved here, never erased by the server
    index.sqlite  see `index`; tmp/: files being received; lock: held while the store is open

All of it is readable by its owner only (see `skeleton`). What a method changes is with the operating system when it
returns, and on the disk when `commits` are settled. Every method may be called from any thread.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import os
import threading
import uuid
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import Any

import filelock

from runferry.clock import Clock, SystemClock
from runferry.errors import NeedsUser, PermanentError
from runferry.server import skeleton
from runferry.server.artifacts import Artifacts
from runferry.server.commits import Commits
from runferry.server.durable import is_plain, make_folder, open_private, read_json, write_json
from runferry.server.index import Index
from runferry.server.names import Names
from runferry.server.rebuild import rebuild
from runferry.server.record import RunRecord, reveal
from runferry.server.run_folder import RECORD, RunFolder

FORMAT = 1
DEFAULT_ENTITY = "local"
DEFAULT_PROJECT = "uncategorized"
_KEPT = 256  # run folders whose line counts stay in memory

log = logging.getLogger(__name__)


class Store:
    """Use `Store.open`; `close` it in the end."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.path = path
        self.clock = clock or SystemClock()
        self.key = ""
        self.store_id = ""
        self.notes: list[str] = []  # what a person should know of the store as it was found
        self.commits = Commits()
        self._names = Names()
        self._owner = filelock.FileLock(path / "lock", timeout=0)
        self.index = Index(path / "index.sqlite")
        self.artifacts = Artifacts(path, self.index, self._names, self.clock, self.commits)
        self._lock = threading.Lock()
        self._alive: weakref.WeakValueDictionary[tuple[str, str, str], RunFolder] = weakref.WeakValueDictionary()
        self._recent: OrderedDict[tuple[str, str, str], RunFolder] = OrderedDict()

    @classmethod
    def open(cls, path: Path, clock: Clock | None = None) -> Store:
        """Take the store at `path`, making it where there is none. Raises AppError: in use, unreadable, too new."""
        store = cls(path.absolute(), clock)
        try:
            make_folder(store.path, store.commits)
            skeleton.check(store.path)
            skeleton.close_root(store.path)
            os.close(open_private(store.path / "lock", os.O_RDWR | os.O_CREAT))
            store._owner.acquire()
        except filelock.Timeout as error:
            raise PermanentError(
                "store-in-use",
                "The store is in use",
                f"Another process has opened the store in {path}.",
                "Use that server, stop it, or name another folder with --data.",
                error,
            ) from error
        except OSError as error:
            raise _unreadable(path, error) from error
        try:
            store._prepare()
        except OSError as error:
            store._owner.release()
            raise _unreadable(path, error) from error
        except BaseException:
            store._owner.release()
            raise
        return store

    def _prepare(self) -> None:
        self._identify()
        self.key, said = skeleton.take_key(self.path / "key", self.commits)
        self.notes += [said] if said else []
        temporary = self.path / "tmp"
        make_folder(temporary, self.commits)
        for left in temporary.iterdir():
            with contextlib.suppress(OSError):  # a folder, say: nobody asks for what lies here
                left.unlink()
        self.artifacts = Artifacts(self.path, self.index, self._names, self.clock, self.commits)
        if self.index.open():
            self.notes += rebuild(self.path, self.index, self._names, self.commits)
            for damaged in self.artifacts.reindex():
                self.notes.append(f"The artifact in {damaged} cannot be read; its file is left as it is.")
            self.index.filled()
        self.commits.flush()
        for note in self.notes:
            log.warning(note)

    def _identify(self) -> None:
        path = self.path / "store.json"
        try:
            value = read_json(path)
        except FileNotFoundError:
            value = self._new_identity(str(uuid.uuid4()))
        except ValueError as error:
            known = skeleton.identity_told(self.path)
            if not known:
                raise _unreadable(self.path, error) from error
            value = self._new_identity(known)
            self.notes.append("The file store.json was damaged: it was made anew.")
        if not isinstance(value, dict) or not isinstance(value.get("store"), str):
            raise _unreadable(self.path, "store.json does not describe a store")
        if value.get("format") != FORMAT:
            raise PermanentError(
                "store-format",
                "The store was made by another version",
                f"{self.path} has the format {value.get('format')}, this version reads {FORMAT}.",
                "Use the version of Runferry that made it, or name another folder with --data.",
            )
        if not value.get("private") and skeleton.tighten(self.path):
            write_json(path, {**value, "private": True}, self.commits)
        self.store_id = value["store"]
        self._names = Names(fold=bool(value.get("fold_case")))

    def _new_identity(self, store_id: str) -> dict[str, Any]:
        folds = skeleton.ignores_case(self.path)
        value = {"format": FORMAT, "store": store_id, "fold_case": folds, "private": True}
        write_json(self.path / "store.json", value, self.commits)
        return value

    def close(self) -> None:
        """Give the store back. Nothing is lost when this is never called."""
        with contextlib.suppress(OSError):  # nobody was told that it is on the disk
            self.commits.flush()
        self.index.close()
        with self._lock:
            self._recent.clear()
        self._owner.release()

    # Runs

    def _place(self, *parts: str) -> Path:
        path = self.path / "runs"
        for part in parts:
            path /= self._names.component(part)
        return path

    def ensure_project(self, entity: str, project: str) -> None:
        """Make the project known, with or without runs. Raises NameRefusedError."""
        if any(name == project for name, _ in self.index.projects(entity)):
            return
        created = self.clock.time()
        value = {"entity": entity, "project": project, "created": created}
        write_json(self._place(entity, project) / "project.json", value, self.commits)
        self.index.put_project(entity, project, created)

    def run(self, entity: str, project: str, name: str) -> RunFolder | None:
        """One run, None where there is none."""
        with self._lock:
            return self._find(entity, project, name)

    def run_of_id(self, storage_id: str) -> RunFolder | None:
        """One run by the opaque id that clients keep."""
        parts = reveal(storage_id)
        if len(parts) != 5 or parts[:2] != ["Run", "v1"]:
            return None
        return self.run(parts[4], parts[3], parts[2])

    def _find(self, entity: str, project: str, name: str) -> RunFolder | None:
        key = (entity, project, name)
        folder = self._alive.get(key)
        if folder is None:
            folder = self._load(key)
            if folder is None:
                return None
            self._alive[key] = folder
        self._recent[key] = folder
        self._recent.move_to_end(key)
        while len(self._recent) > _KEPT:
            self._recent.popitem(last=False)
        return folder

    def _load(self, key: tuple[str, str, str]) -> RunFolder | None:
        """From the index, which has every run; or, if it has lost one, from the run's folder."""
        entry = self.index.run(*key)
        if entry is not None:
            path = self.path / entry[0]
            if not is_plain(self.path, path):
                return None
            return RunFolder(path, RunRecord.from_dict(entry[1]), self._names, self.commits)
        try:
            path = self._place(*key)
            if not (path / RECORD).is_file() or not is_plain(self.path, path):
                return None
            folder = RunFolder.load(path, self._names, self.commits)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        record = folder.record
        if (record.entity, record.project, record.name) != key:
            return None
        self.index.put_run(record.as_dict(), path.relative_to(self.path).as_posix())
        return folder

    def ensure_run(self, entity: str, project: str, name: str) -> tuple[RunFolder, bool]:
        """The run, made where there is none; True when it was made. Raises NameRefusedError."""
        place = self._place(entity, project, name)
        self.ensure_project(entity, project)
        with self._lock:
            folder = self._find(entity, project, name)
            if folder is not None:
                return folder, False
            record = RunRecord(entity, project, name, self.clock.time(), display_name=name)
            folder = RunFolder(place, record, self._names, self.commits)
            folder.save(record)
            self.index.put_run(record.as_dict(), place.relative_to(self.path).as_posix())
            self._alive[(entity, project, name)] = folder
            return folder, True

    def change_run(self, folder: RunFolder, **values: Any) -> None:
        """Store the record's values that differ."""
        with folder.lock:
            if folder.change(**values):
                relative = folder.path.relative_to(self.path).as_posix()
                self.index.put_run(folder.record.as_dict(), relative)

    def runs(self, entity: str, project: str) -> list[RunFolder]:
        """A project's runs, oldest first."""
        found = (self.run(entity, project, name) for name in self.index.run_names(entity, project))
        return [one for one in found if one is not None]

    def delete_run(self, folder: RunFolder) -> None:
        """Take the run out of the store. Its folder is moved to `deleted/`, so a mistake can be undone by hand."""
        record = folder.record
        with folder.lock, self._lock:
            target = self.path / "deleted" / f"{int(self.clock.time())}-{uuid.uuid4().hex[:8]}-{folder.path.name}"
            make_folder(target.parent, self.commits)
            folder.path.rename(target)
            self.commits.written(folders=[folder.path.parent, target.parent])
            folder.deleted = True
            key = (record.entity, record.project, record.name)
            self.index.drop_run(*key)
            self._alive.pop(key, None)
            self._recent.pop(key, None)

    # Files

    def temporary(self) -> Path:
        """A free name for a file being received; on the same file system as everything else."""
        return self.path / "tmp" / uuid.uuid4().hex

    def md5(self, path: Path) -> str:
        """The file's MD5 as W&B writes it, base64; remembered while the file does not change. Raises OSError."""
        stat = path.stat()
        relative = path.relative_to(self.path).as_posix()
        known = self.index.digest(relative, stat.st_size, stat.st_mtime_ns)
        if known is None:
            digest = hashlib.md5(usedforsecurity=False)
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
            known = base64.b64encode(digest.digest()).decode()
            self.index.put_digest(relative, stat.st_size, stat.st_mtime_ns, known)
        return known

    def remember_md5(self, path: Path, digest: str) -> None:
        """Note the digest of a file that was just received."""
        stat = path.stat()
        self.index.put_digest(path.relative_to(self.path).as_posix(), stat.st_size, stat.st_mtime_ns, digest)


def _unreadable(path: Path, cause: object) -> NeedsUser:
    return NeedsUser(
        "store-unreadable",
        "The store cannot be used",
        f"The local server's store in {path} cannot be read or written: {cause}",
        "Check that the folder exists, belongs to you and that the disk is not full, or name another one with --data.",
        cause,
    )

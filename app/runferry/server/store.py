"""The local server's store: a folder that one process owns while it is open.

    key           the API key, 40 characters, readable by its owner only
    store.json    which store this is, and how names are written
    runs/         <entity>/<project>/<run id>/: see `run_folder`
    artifacts/ blobs/   see `artifacts`
    deleted/      runs that were deleted: moved here, never erased by the server
    index.sqlite  see `index`; tmp/: files being received; lock: held while the store is open

Every method may be called from any thread.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import os
import secrets
import string
import threading
import uuid
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import Any

import filelock

from runferry.clock import Clock, SystemClock
from runferry.errors import NeedsUser, PermanentError
from runferry.server.artifacts import Artifacts
from runferry.server.durable import read_json, write_json
from runferry.server.index import Index
from runferry.server.names import Names
from runferry.server.record import RunRecord, reveal
from runferry.server.run_folder import RECORD, RunFolder

FORMAT = 1
DEFAULT_ENTITY = "local"
DEFAULT_PROJECT = "uncategorized"
_KEPT = 256  # run folders whose line counts stay in memory
_KEY_LETTERS = string.digits + string.ascii_lowercase

log = logging.getLogger(__name__)


class Store:
    """Use `Store.open`; `close` it in the end."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.path = path
        self.clock = clock or SystemClock()
        self.key = ""
        self.store_id = ""
        self._names = Names()
        self._owner = filelock.FileLock(path / "lock", timeout=0)
        self.index = Index(path / "index.sqlite")
        self.artifacts = Artifacts(path, self.index, self._names, self.clock)
        self._lock = threading.Lock()
        self._alive: weakref.WeakValueDictionary[tuple[str, str, str], RunFolder] = weakref.WeakValueDictionary()
        self._recent: OrderedDict[tuple[str, str, str], RunFolder] = OrderedDict()

    @classmethod
    def open(cls, path: Path, clock: Clock | None = None) -> Store:
        """Take the store at `path`, making it where there is none. Raises AppError: in use, unreadable, too new."""
        store = cls(path.absolute(), clock)
        try:
            store.path.mkdir(parents=True, exist_ok=True)
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
        self.key = _take_key(self.path / "key")
        temporary = self.path / "tmp"
        temporary.mkdir(exist_ok=True)
        for left in temporary.iterdir():
            left.unlink()
        self.artifacts = Artifacts(self.path, self.index, self._names, self.clock)
        if self.index.open():
            self._rebuild()

    def _identify(self) -> None:
        path = self.path / "store.json"
        try:
            value = read_json(path)
        except FileNotFoundError:
            value = {"format": FORMAT, "store": str(uuid.uuid4()), "fold_case": _ignores_case(self.path)}
            write_json(path, value)
        except ValueError as error:
            raise _unreadable(self.path, error) from error
        if not isinstance(value, dict) or not isinstance(value.get("store"), str):
            raise _unreadable(self.path, "store.json does not describe a store")
        if value.get("format") != FORMAT:
            raise PermanentError(
                "store-format",
                "The store was made by another version",
                f"{self.path} has the format {value.get('format')}, this version reads {FORMAT}.",
                "Use the version of Runferry that made it, or name another folder with --data.",
            )
        self.store_id = value["store"]
        self._names = Names(fold=bool(value.get("fold_case")))

    def close(self) -> None:
        """Give the store back. Nothing is lost when this is never called."""
        self.index.close()
        with self._lock:
            self._recent.clear()
        self._owner.release()

    def _rebuild(self) -> None:
        root = self.path / "runs"
        for record_file in sorted(root.glob(f"*/*/*/{RECORD}")):
            try:
                folder = RunFolder.load(record_file.parent, self._names)
            except (OSError, ValueError, TypeError, KeyError):
                log.warning("not a run: %s", record_file)
                continue
            folder.sweep_partials()
            record = folder.record
            self.index.put_project(record.entity, record.project, record.created)
            self.index.put_run(record.as_dict(), record_file.parent.relative_to(self.path).as_posix())
        for project_file in sorted(root.glob("*/*/project.json")):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                value = read_json(project_file)
                self.index.put_project(value["entity"], value["project"], value["created"])
        self.artifacts.reindex()
        self.index.filled()

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
        write_json(self._place(entity, project) / "project.json", value)
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
            entry = self.index.run(*key)
            if entry is None:
                return None
            folder = RunFolder(self.path / entry[0], RunRecord.from_dict(entry[1]), self._names)
            self._alive[key] = folder
        self._recent[key] = folder
        self._recent.move_to_end(key)
        while len(self._recent) > _KEPT:
            self._recent.popitem(last=False)
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
            folder = RunFolder(place, record, self._names)
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
            target.parent.mkdir(exist_ok=True)
            folder.path.rename(target)
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


def _take_key(path: Path) -> str:
    """The key in the file, made where there is none. The file is never readable by others, not even for a moment."""
    try:
        key = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        key = "".join(secrets.choice(_KEY_LETTERS) for _ in range(40))
        partial = path.with_name("key.new")
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key + "\n")
        partial.replace(path)
    if len(key) < 40 or not key.isascii():
        raise _unreadable(path, "the key file is damaged; remove it and a new key is made")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return key


def _ignores_case(folder: Path) -> bool:
    probe = folder / "CaSe-probe"
    probe.touch()
    try:
        return (folder / "case-PROBE").exists()
    finally:
        probe.unlink()


def _unreadable(path: Path, cause: object) -> NeedsUser:
    return NeedsUser(
        "store-unreadable",
        "The store cannot be used",
        f"The local server's store in {path} cannot be read or written: {cause}",
        "Check that the folder exists, belongs to you and that the disk is not full, or name another one with --data.",
        cause,
    )

"""Artifacts on disk: versions of named collections; their contents once, under their digest.

    artifacts/<entity>/<project>/<collection>/<n>.json            what `ArtifactRecord` holds
    artifacts/<entity>/<project>/<collection>/<n>.manifest.json   the manifest, as it was sent
    blobs/<2 hex>/<md5 in hex>                                    contents

A version is PENDING until its manifest and every file that the manifest names are here; only then it gets its number
and its aliases. One lock over all artifacts; it is never held while bytes are received.
"""

from __future__ import annotations

import dataclasses
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runferry.clock import Clock
from runferry.server.artifact_record import COMMITTED, DELETED, PENDING, ArtifactRecord, DigestRefusedError, hex_of
from runferry.server.commits import Commits
from runferry.server.durable import read_json, write_json
from runferry.server.index import Index
from runferry.server.names import Names
from runferry.server.record import opaque, reveal


class ArtifactRefusedError(ValueError):
    """A request about an artifact that cannot be done; the text says why."""


class Artifacts:
    """All artifacts of a store."""

    def __init__(self, root: Path, index: Index, names: Names, clock: Clock, commits: Commits) -> None:
        self._root = root
        self._commits = commits.part()
        self._index = index
        self._names = names
        self._clock = clock
        self._lock = threading.RLock()

    # Places

    def blob(self, md5: str) -> Path:
        """Where the content with that MD5 (hex) belongs."""
        return self._root / "blobs" / md5[:2] / md5

    def _file(self, record: ArtifactRecord, suffix: str) -> Path:
        folder = self._root / "artifacts"
        for part in (record.entity, record.project, record.collection):
            folder /= self._names.component(part)
        return folder / (reveal(record.id)[1] + suffix)

    def manifest_file(self, record: ArtifactRecord) -> Path:
        """Where the manifest belongs."""
        return self._file(record, ".manifest.json")

    # Reading

    def get(self, identifier: str) -> ArtifactRecord | None:
        """By id; deleted ones are gone."""
        self._commits.seen()
        document = self._index.artifact(identifier)
        record = ArtifactRecord.from_dict(document) if document else None
        return None if record is None or record.state == DELETED else record

    def of_manifest(self, manifest_id: str) -> ArtifactRecord | None:
        """The artifact whose manifest has that id."""
        parts = reveal(manifest_id)
        return self.get(parts[1]) if len(parts) == 2 and parts[0] == "ArtifactManifest" else None

    def of_client(self, client_id: str) -> ArtifactRecord | None:
        """By the id that its writer chose."""
        self._commits.seen()
        document = self._index.artifact_of_client(client_id)
        return ArtifactRecord.from_dict(document) if document else None

    def versions(self, entity: str, project: str, collection: str | None = None) -> list[ArtifactRecord]:
        """The committed versions, ascending."""
        self._commits.seen()
        found = map(ArtifactRecord.from_dict, self._index.artifacts(entity, project, collection))
        return [one for one in found if one.state == COMMITTED]

    def named(self, entity: str, project: str, name: str) -> ArtifactRecord | None:
        """By ``collection:alias``, ``collection:v3``, ``collection:digest`` or ``collection`` (meaning `latest`)."""
        collection, _, alias = name.partition(":")
        alias = alias or "latest"
        for one in reversed(self.versions(entity, project, collection)):
            if alias in one.aliases or alias in (f"v{one.version}", one.digest):
                return one
        return None

    def manifest(self, record: ArtifactRecord) -> dict[str, Any]:
        """The manifest's content; `contents` maps paths to entries. Raises `ArtifactRefusedError`."""
        try:
            value: dict[str, Any] = read_json(self.manifest_file(record))
            contents = value.get("contents") if isinstance(value, dict) else None
            if not isinstance(contents, dict) or not all(isinstance(one, dict) for one in contents.values()):
                raise ArtifactRefusedError("the manifest has no contents")
            return value
        except (OSError, ValueError) as error:
            raise ArtifactRefusedError("the artifact's manifest is not here") from error

    # Changing

    def _save(self, record: ArtifactRecord) -> ArtifactRecord:
        write_json(self._file(record, ".json"), record.as_dict(), self._commits)
        self._index.put_artifact(record.as_dict())
        return record

    def create(self, record: ArtifactRecord, deduplicate: bool) -> ArtifactRecord:
        """Begin a version (its id and times are set here), or find the committed one with the same digest."""
        with self._lock:
            if deduplicate:
                for one in reversed(self.versions(record.entity, record.project, record.collection)):
                    if one.digest == record.digest and one.type == record.type:
                        return self._take_aliases(one, record.wanted_aliases)
            now = self._clock.time()
            identifier = opaque("Artifact", str(secrets.randbits(62)))
            return self._save(dataclasses.replace(record, id=identifier, created=now, updated=now, state=PENDING))

    def _take_aliases(self, record: ArtifactRecord, aliases: Iterable[str]) -> ArtifactRecord:
        wanted = tuple(dict.fromkeys(aliases))
        for other in self.versions(record.entity, record.project, record.collection):
            rest = tuple(one for one in other.aliases if one not in wanted)
            if other.id != record.id and rest != other.aliases:
                self._save(dataclasses.replace(other, aliases=rest))
        merged = tuple(dict.fromkeys((*record.aliases, *wanted)))
        return record if merged == record.aliases else self._save(dataclasses.replace(record, aliases=merged))

    def expect_manifest(self, identifier: str, digest: str) -> ArtifactRecord:
        """Note the digest (base64 MD5, or empty) of the manifest that will be sent. Raises `ArtifactRefusedError`."""
        with self._lock:
            record = self._known(identifier)
            if record.state != PENDING or not digest:
                return record
            return self._save(dataclasses.replace(record, manifest_digest=digest))

    def commit(self, identifier: str) -> ArtifactRecord:
        """Make it a version, if everything is here. Raises `ArtifactRefusedError` naming what is missing."""
        with self._lock:
            record = self._known(identifier)
            if record.state == COMMITTED:
                return record
            size, number = self._check_contents(record)
            earlier = self._index.artifacts(record.entity, record.project, record.collection)
            version = 1 + max((one["version"] for one in earlier if one["version"] is not None), default=-1)
            done = dataclasses.replace(
                record, state=COMMITTED, version=version, size=size, file_count=number, updated=self._clock.time()
            )
            return self._take_aliases(self._save(done), record.wanted_aliases)

    def _check_contents(self, record: ArtifactRecord) -> tuple[int, int]:
        contents = self.manifest(record)["contents"]
        size = 0
        for path, entry in contents.items():
            if not entry.get("ref"):
                try:
                    present = self.blob(hex_of(entry["digest"])).stat().st_size
                except (OSError, KeyError, DigestRefusedError) as error:
                    raise ArtifactRefusedError(f"the content of {path!r} was not uploaded") from error
                if entry.get("size") not in (None, present):
                    raise ArtifactRefusedError(f"the content of {path!r} has {present} bytes, not {entry['size']}")
            size += int(entry.get("size") or 0)
        return size, len(contents)

    def _known(self, identifier: str) -> ArtifactRecord:
        record = self.get(identifier)
        if record is None:
            raise ArtifactRefusedError("no such artifact")
        return record

    def use(self, identifier: str, run: str) -> ArtifactRecord:
        """Note that ``entity/project/run`` used it. Raises `ArtifactRefusedError`."""
        with self._lock:
            record = self._known(identifier)
            if run in record.used_by:
                return record
            return self._save(dataclasses.replace(record, used_by=(*record.used_by, run)))

    def update(self, identifier: str, **values: Any) -> ArtifactRecord:
        """Change fields of the record. Raises `ArtifactRefusedError`."""
        with self._lock:
            return self._save(dataclasses.replace(self._known(identifier), updated=self._clock.time(), **values))

    def add_aliases(self, identifier: str, aliases: Iterable[str]) -> ArtifactRecord:
        """Move aliases to it. Raises `ArtifactRefusedError`."""
        with self._lock:
            return self._take_aliases(self._known(identifier), aliases)

    def delete(self, identifier: str) -> ArtifactRecord:
        """Make it unreachable. Its number is never given again, its contents stay. Raises `ArtifactRefusedError`."""
        with self._lock:
            return self._save(dataclasses.replace(self._known(identifier), state=DELETED, aliases=()))

    def reindex(self) -> list[Path]:
        """Put every artifact's file into the index; gives those that cannot be read, which are left as they are."""
        damaged = []
        for path in sorted((self._root / "artifacts").glob("*/*/*/*.json")):
            if path.name.endswith(".manifest.json"):
                continue
            try:
                record = ArtifactRecord.from_dict(read_json(path))
                self._index.put_artifact(record.as_dict())
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                damaged.append(path)
        return damaged

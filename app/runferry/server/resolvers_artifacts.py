"""GraphQL: artifacts, their collections and files, for reading. `mutations_artifacts` changes them."""

from __future__ import annotations

import mimetypes
from typing import Any

from runferry.server.artifact_record import ArtifactRecord, DigestRefusedError, base64_of, hex_of
from runferry.server.artifacts import ArtifactRefusedError
from runferry.server.mutations_artifacts import ArtifactMutations
from runferry.server.record import RunRecord, iso, opaque, reveal
from runferry.server.uploads import BLOB, MANIFEST
from runferry.server.views import Context, page

__all__ = ["ArtifactMutations", "ArtifactTypeView", "ArtifactView", "CollectionView", "MembershipView"]


class ArtifactTypeView:
    """A type of artifacts in a project."""

    typename = "ArtifactType"
    description = None

    def __init__(self, entity: str, project: str, name: str) -> None:
        self._place = (entity, project)
        self.id = opaque("ArtifactType", "v1", name, project, entity)
        self.name = name

    def created_at(self, context: Context) -> str:
        """When the first artifact of the type was made."""
        times = [one.created for one in context.store.artifacts.versions(*self._place) if one.type == self.name]
        return iso(min(times, default=0.0))

    def artifact_collection(self, context: Context, name: str) -> CollectionView | None:
        """One collection of this type."""
        found = context.store.artifacts.versions(*self._place, name)
        return CollectionView(*self._place, name) if any(one.type == self.name for one in found) else None

    def artifact_collections(
        self,
        context: Context,
        after: str | None = None,
        first: int | None = None,
        filters: str | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        """The collections of this type."""
        found = collections_of(context, *self._place, self.name)
        return page(found, lambda one: one, after, first)


class CollectionView:
    """A collection: the versions of one artifact."""

    typename = "ArtifactSequence"
    description = None
    state = "READY"
    digest_algorithm = "MANIFEST_MD5"

    def __init__(self, entity: str, project: str, name: str) -> None:
        self._place = (entity, project, name)
        self.name = name
        self.id = opaque("ArtifactCollection", "v1", name, project, entity)
        self.tags: dict[str, Any] = {"edges": []}

    @classmethod
    def of_id(cls, context: Context, identifier: str) -> CollectionView | None:
        """By the id that this server gave."""
        parts = reveal(identifier)
        if len(parts) != 5 or parts[0] != "ArtifactCollection":
            return None
        return cls(parts[4], parts[3], parts[2]) if context.store.artifacts.versions(*parts[4:1:-1]) else None

    def _versions(self, context: Context) -> list[ArtifactRecord]:
        return context.store.artifacts.versions(*self._place)

    def project(self, context: Context) -> Any:
        """Where it lies."""
        from runferry.server.resolvers_projects import ProjectView

        return ProjectView(context, *self._place[:2])

    def default_artifact_type(self, context: Context) -> ArtifactTypeView:
        """The type of its versions."""
        found = self._versions(context)
        return ArtifactTypeView(*self._place[:2], found[0].type if found else "unknown")

    def created_at(self, context: Context) -> str:
        """When its first version was made."""
        return iso(min((one.created for one in self._versions(context)), default=0.0))

    def updated_at(self, context: Context) -> str:
        """When something in it changed."""
        return iso(max((one.updated for one in self._versions(context)), default=0.0))

    def latest_artifact(self, context: Context) -> ArtifactView | None:
        """Its highest version."""
        found = self._versions(context)
        return ArtifactView(found[-1]) if found else None

    def aliases(self, context: Context, after: str | None = None, first: int | None = None) -> dict[str, Any]:
        """All aliases in it."""
        found = [alias for one in self._versions(context) for alias in aliases_of(one)]
        return page(found, lambda one: one, after, 1000 if first is None else first)

    def artifact_membership(self, context: Context, alias_name: str) -> MembershipView | None:
        """The version with that alias or number."""
        record = context.store.artifacts.named(*self._place[:2], f"{self.name}:{alias_name}")
        return MembershipView(record) if record else None

    def artifacts(
        self,
        context: Context,
        after: str | None = None,
        first: int | None = None,
        order: str | None = None,
        filters: str | None = None,
    ) -> dict[str, Any]:
        """Its versions, newest first."""
        return artifact_page(self._versions(context)[::-1], after, first)


class MembershipView:
    """A version as a member of its collection."""

    typename = "ArtifactCollectionMembership"

    def __init__(self, record: ArtifactRecord) -> None:
        self._record = record
        self.id = opaque("ArtifactCollectionMembership", record.id)
        self.version_index = record.version
        self.created_at = iso(record.created)
        self.aliases = aliases_of(record)
        self.artifact_collection = CollectionView(record.entity, record.project, record.collection)
        self.artifact = ArtifactView(record)

    def files(
        self, context: Context, names: list[str] | None = None, after: str | None = None, first: int | None = None
    ) -> dict[str, Any]:
        """The files of the version."""
        return self.artifact.files(context, names, after, first)


class ArtifactView:
    """One version, or one on its way to become a version."""

    typename = "Artifact"
    ttl_duration_seconds = -2  # none set; the protocol's way to say so
    ttl_is_inherited = False

    def __init__(self, record: ArtifactRecord) -> None:
        self._record = record
        self.id, self.state, self.digest = record.id, record.state, record.digest
        self.version_index, self.description, self.metadata = record.version, record.description, record.metadata
        self.digest_algorithm, self.history_step = record.digest_algorithm, record.history_step
        self.size, self.file_count = record.size, record.file_count
        self.commit_hash = hex_of_text(record.id)
        self.created_at, self.updated_at = iso(record.created), iso(record.updated)
        self.artifact_sequence = CollectionView(record.entity, record.project, record.collection)
        self.artifact_type = ArtifactTypeView(record.entity, record.project, record.type)
        self.tags = [{"id": opaque("Tag", one), "name": one} for one in record.tags]
        self.aliases = aliases_of(record)

    def current_manifest(self, context: Context) -> dict[str, Any] | None:
        """Its manifest, where it has come."""
        if not context.store.artifacts.manifest_file(self._record).exists():
            return None
        return {
            "id": self._record.manifest_id,
            "digest": self._record.manifest_digest,
            "file": {
                "id": self._record.manifest_id,
                "name": "wandb_manifest.json",
                "direct_url": context.address("GET", MANIFEST, self._record.id),
                "url": context.address("GET", MANIFEST, self._record.id),
            },
        }

    def created_by(self, context: Context) -> Any:
        """The run that logged it."""
        from runferry.server.resolvers_runs import RunView

        record = self._record
        folder = context.store.run(record.entity, record.project, record.run) if record.run else None
        return RunView(context, folder) if folder else None

    def used_by(self, context: Context) -> dict[str, Any]:
        """The runs that used it."""
        from runferry.server.resolvers_runs import run_page

        found = [context.store.run(*one.split("/", 2)) for one in self._record.used_by]
        return run_page(context, [one for one in found if one is not None], None, 1000)

    def artifact_memberships(self, _: Context) -> dict[str, Any]:
        """Its one collection: nothing is linked elsewhere here."""
        return {"edges": [{"node": MembershipView(self._record)}]}

    def files(
        self, context: Context, names: list[str] | None = None, after: str | None = None, first: int | None = None
    ) -> dict[str, Any]:
        """Its files whose content is here: not those that are only referred to, or that were lost."""
        try:
            contents = context.store.artifacts.manifest(self._record)["contents"]
        except ArtifactRefusedError:
            contents = {}
        wanted = ((path, one) for path, one in contents.items() if not one.get("ref") and (not names or path in names))
        found = [(path, one) for path, one in wanted if _is_here(context, one)]
        return page(found, lambda one: self._file(context, *one), after, first)

    def _file(self, context: Context, path: str, entry: dict[str, Any]) -> dict[str, Any]:
        digest = hex_of(entry["digest"])
        address = context.address("GET", BLOB, digest, path.rpartition("/")[2])
        return {
            "id": opaque("File", self._record.id, path), "name": path, "display_name": path, "url": address,
            "direct_url": address, "size_bytes": entry.get("size") or 0, "storage_path": f"blobs/{digest}",
            "mimetype": mimetypes.guess_type(path)[0] or "application/octet-stream",
            "updated_at": iso(self._record.updated), "digest": entry["digest"], "md5": base64_of(digest),
        }  # fmt: skip

    def files_by_manifest_entries(
        self, context: Context, entries: list[dict[str, Any]] | None = None, **_: Any
    ) -> dict[str, Any]:
        """Addresses for entries that the client read from the manifest, in its order."""
        wanted = [one.get("name") for one in entries or ()]
        try:
            contents = context.store.artifacts.manifest(self._record)["contents"]
        except ArtifactRefusedError:
            contents = {}
        found = []
        for entry in entries or ():
            known = contents.get(entry.get("name")) or {}
            try:
                hex_of(known.get("digest") or "")
            except DigestRefusedError:
                continue
            found.append((str(entry["name"]), known))
        return page(found, lambda one: self._file(context, *one), None, len(wanted))


def _is_here(context: Context, entry: dict[str, Any]) -> bool:
    try:
        return context.store.artifacts.blob(hex_of(entry.get("digest") or "")).exists()
    except DigestRefusedError:
        return False


def hex_of_text(text: str) -> str:
    """A short stable name for an id."""
    return text.encode().hex()[-20:]


def aliases_of(record: ArtifactRecord) -> list[dict[str, Any]]:
    """The aliases as the API shows them."""
    collection = CollectionView(record.entity, record.project, record.collection)
    return [
        {"id": opaque("ArtifactAlias", one, collection.id), "alias": one, "artifact_collection": collection}
        for one in record.aliases
    ]


def collections_of(context: Context, entity: str, project: str, kind: str | None = None) -> list[CollectionView]:
    """A project's collections by name, all or those of one type."""
    found = context.store.artifacts.versions(entity, project)
    names = sorted({one.collection for one in found if kind in (None, one.type)})
    return [CollectionView(entity, project, name) for name in names]


def find_named(context: Context, entity: str, project: str, name: str) -> ArtifactRecord | None:
    """By ``collection:alias``."""
    return context.store.artifacts.named(entity, project, name)


def artifact_page(records: list[ArtifactRecord], after: str | None, first: int | None) -> dict[str, Any]:
    """A connection over artifacts."""
    reply = page(records, ArtifactView, after, first)
    for edge in reply["edges"]:
        edge["version"] = f"v{edge['node'].version_index}"
    return reply


def output_artifacts(context: Context, run: RunRecord, after: str | None, first: int | None) -> dict[str, Any]:
    """What a run logged."""
    found = context.store.artifacts.versions(run.entity, run.project)
    return artifact_page([one for one in found if one.run == run.name], after, first)


def input_artifacts(context: Context, run: RunRecord, after: str | None, first: int | None) -> dict[str, Any]:
    """What a run used."""
    place = f"{run.entity}/{run.project}/{run.name}"
    found = [
        one
        for project, _ in context.store.index.projects(run.entity)
        for one in context.store.artifacts.versions(run.entity, project)
        if place in one.used_by
    ]
    return artifact_page(found, after, first)

"""GraphQL: making, committing, using, changing and deleting artifacts."""

from __future__ import annotations

import dataclasses
from typing import Any

from runferry.server.artifact_record import ArtifactRecord, hex_of
from runferry.server.artifacts import ArtifactRefusedError
from runferry.server.uploads import BLOB, MANIFEST
from runferry.server.views import Context, RequestRefusedError, names_of


def _view(record: ArtifactRecord) -> Any:
    from runferry.server.resolvers_artifacts import ArtifactView  # it reads, this writes

    return ArtifactView(record)


class ArtifactMutations:
    """Mutations about artifacts."""

    def create_artifact(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Begin a version; or find it, when the same content is already here."""
        if input.get("distributedID"):
            raise RequestRefusedError("artifacts written by several processes together are not supported here")
        entity, project = names_of(input.get("entityName"), input["projectName"])
        names = input.get("artifactCollectionNames") or [input.get("artifactCollectionName")]
        if not names[0]:
            raise RequestRefusedError("an artifact needs a collection's name")
        context.store.ensure_project(entity, project)
        wanted = tuple(one["alias"] for one in input.get("aliases") or ())
        record = ArtifactRecord(
            id="", entity=entity, project=project, collection=names[0], type=input["artifactTypeName"],
            digest=input["digest"], created=0.0, updated=0.0, description=input.get("description"),
            digest_algorithm=input.get("digestAlgorithm") or "MANIFEST_MD5", metadata=input.get("metadata"),
            wanted_aliases=wanted, tags=tuple(one["tagName"] for one in input.get("tags") or ()),
            client_id=input.get("clientID"), sequence_client_id=input.get("sequenceClientID"),
            run=input.get("runName"), history_step=input.get("historyStep"),
        )  # fmt: skip
        found = context.store.artifacts.create(record, input.get("enableDigestDeduplication") is not False)
        return {"artifact": _view(found)}

    def create_artifact_manifest(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Announce the manifest, and tell where to put it."""
        if input.get("type") not in (None, "FULL"):
            raise RequestRefusedError("only whole manifests are supported here")
        return _manifest(context, context.store.artifacts.expect_manifest(input["artifactID"], input["digest"]))

    def update_artifact_manifest(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """The same for a manifest that was announced before."""
        record = context.store.artifacts.of_manifest(input["artifactManifestID"])
        if record is None:
            raise ArtifactRefusedError("no such manifest")
        return _manifest(context, context.store.artifacts.expect_manifest(record.id, input.get("digest") or ""))

    def create_artifact_files(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Where to put each file, in the order asked; nowhere, when its content is here already."""
        edges = [{"node": _upload(context, one)} for one in input["artifactFiles"]]
        info = {"end_cursor": None, "has_next_page": False}
        return {"files": {"edges": edges, "page_info": info, "total_count": len(edges)}}

    def commit_artifact(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Make it a version."""
        return {"artifact": _view(context.store.artifacts.commit(input["artifactID"]))}

    def use_artifact(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Note that a run used it."""
        entity, project = names_of(input["entityName"], input["projectName"])
        record = context.store.artifacts.use(input["artifactID"], f"{entity}/{project}/{input['runName']}")
        return {"artifact": _view(record), "client_mutation_id": None}

    def update_artifact(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Change description, metadata, tags and aliases. What is null stays as it is."""
        artifacts = context.store.artifacts
        record = artifacts.get(input["artifactID"])
        if record is None:
            raise ArtifactRefusedError("no such artifact")
        values = {key: input[key] for key in ("description", "metadata") if input.get(key) is not None}
        gone = {one["tagName"] for one in input.get("tagsToDelete") or ()}
        new = [one["tagName"] for one in input.get("tagsToAdd") or ()]
        tags = tuple(dict.fromkeys([one for one in record.tags if one not in gone] + new))
        record = artifacts.update(record.id, tags=tags, **values)
        if input.get("aliases") is not None:
            record = artifacts.update(record.id, aliases=())
            record = artifacts.add_aliases(record.id, [one["alias"] for one in input["aliases"]])
        return {"artifact": _view(record), "client_mutation_id": None}

    def add_aliases(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Move aliases to it."""
        context.store.artifacts.add_aliases(input["artifactID"], [one["alias"] for one in input["aliases"]])
        return {"success": True, "client_mutation_id": None}

    def delete_aliases(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Take aliases from it."""
        record = context.store.artifacts.get(input["artifactID"])
        if record is None:
            raise ArtifactRefusedError("no such artifact")
        gone = {one["alias"] for one in input["aliases"]}
        context.store.artifacts.update(record.id, aliases=tuple(one for one in record.aliases if one not in gone))
        return {"success": True, "client_mutation_id": None}

    def delete_artifact(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Make it unreachable. One with aliases only when that is meant."""
        record = context.store.artifacts.get(input["artifactID"])
        if record is None:
            raise ArtifactRefusedError("no such artifact")
        if record.aliases and not input.get("deleteAliases"):
            raise RequestRefusedError(f"the artifact has aliases: {', '.join(record.aliases)}")
        deleted = context.store.artifacts.delete(record.id)
        return {"artifact": _view(dataclasses.replace(deleted)), "client_mutation_id": None}


def _manifest(context: Context, record: ArtifactRecord) -> dict[str, Any]:
    file = {
        "id": record.manifest_id,
        "name": "wandb_manifest.json",
        "upload_url": context.address("PUT", MANIFEST, record.id),
        "upload_headers": [],
    }
    return {"artifact_manifest": {"id": record.manifest_id, "digest": record.manifest_digest, "file": file}}


def _upload(context: Context, wanted: dict[str, Any]) -> dict[str, Any]:
    digest = hex_of(wanted["md5"])
    record = context.store.artifacts.get(wanted["artifactID"])
    if record is None:
        raise ArtifactRefusedError("no such artifact")
    present = context.store.artifacts.blob(digest).exists()
    return {
        "id": digest,
        "name": wanted["name"],
        "storage_path": f"blobs/{digest}",
        "upload_url": None if present else context.address("PUT", BLOB, digest),
        "upload_headers": [f"Content-MD5:{wanted['md5']}"],
        "upload_multipart_urls": None,
        "artifact": _view(record),
    }

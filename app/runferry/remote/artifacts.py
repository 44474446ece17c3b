"""Artifacts on a server: begin a version, places for its manifest and files, commit, and asking back what is there.

One function per operation of W&B's protocol; what follows what is `sync.artifacts`' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runferry.errors import PermanentError
from runferry.remote.failures import GraphQLRefused
from runferry.remote.graphql import execute
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.remote.uploads import RemoteFile, UploadPlace

PENDING, COMMITTED = "PENDING", "COMMITTED"
MANIFEST = "wandb_manifest.json"

_CREATE = """
mutation CreateArtifact($input: CreateArtifactInput!) {
  createArtifact(input: $input) { artifact { id state artifactSequence { latestArtifact { id } } } }
}
"""

_MANIFEST = """
mutation CreateArtifactManifest(
  $artifactID: ID!, $baseArtifactID: ID, $name: String!, $digest: String!, $entityName: String!, $projectName: String!,
  $runName: String!, $manifestType: ArtifactManifestType!, $includeUpload: Boolean!
) {
  createArtifactManifest(input: {
    artifactID: $artifactID, baseArtifactID: $baseArtifactID, name: $name, digest: $digest, entityName: $entityName,
    projectName: $projectName, runName: $runName, type: $manifestType
  }) {
    artifactManifest {
      id file { id uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) }
    }
  }
}
"""

_FILES = """
mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) {
    files { edges { node { storagePath uploadUrl uploadHeaders artifact { id } } } }
  }
}
"""

_COMMIT = """
mutation CommitArtifact($artifactID: ID!) {
  commitArtifact(input: {artifactID: $artifactID}) { artifact { id digest } }
}
"""

_USE = """
mutation UseArtifact($input: UseArtifactInput!) { useArtifact(input: $input) { artifact { id } } }
"""

_LINK = """
mutation LinkArtifact($input: LinkArtifactInput!) { linkArtifact(input: $input) { versionIndex } }
"""

_MAPPING = "query ClientIDMapping($clientID: ID!) { clientIDMapping(clientID: $clientID) { serverID } }"
_STATE = "query ArtifactState($id: ID!) { artifact(id: $id) { id state digest } }"
_FEATURES = "query ServerFeaturesQuery { serverInfo { features { name isEnabled } } }"

_CONTENT = """
query ArtifactContent($id: ID!, $cursor: String, $limit: Int!) {
  artifact(id: $id) {
    id state digest
    files(after: $cursor, first: $limit) {
      edges { node { name sizeBytes md5 } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""

_PAGE = 1000  # files per request


@dataclass(frozen=True)
class RemoteArtifact:
    """A version, or what may become one. `latest`: the id of its collection's newest version, when it was begun."""

    id: str
    state: str
    digest: str = ""
    latest: str = ""


@dataclass(frozen=True)
class FileSpec:
    """A file to be uploaded. `md5`: base64, as manifests have it."""

    name: str
    md5: str


@dataclass(frozen=True)
class FilePlace:
    """The answer for one file. `place` is None where the server has the content; `birth`: the artifact it came with."""

    place: UploadPlace | None
    birth: str


def create(session: Session, fields: dict[str, Any]) -> RemoteArtifact:
    """Begin a version, or find the committed one with the same content. `fields`: of `CreateArtifactInput`."""
    data = execute(session, "CreateArtifact", _CREATE, input=fields)
    found = _of(data, "createArtifact", "artifact")
    latest = ((found.get("artifactSequence") or {}).get("latestArtifact") or {}).get("id")
    return RemoteArtifact(str(found["id"]), str(found.get("state")), fields.get("digest", ""), str(latest or ""))


def state_of(session: Session, identifier: str) -> RemoteArtifact | None:
    """What became of one that was begun earlier; None when the server does not know it."""
    found = execute(session, "ArtifactState", _STATE, id=identifier).get("artifact")
    return RemoteArtifact(str(found["id"]), str(found["state"]), str(found.get("digest") or "")) if found else None


def announce_manifest(session: Session, run: Created, artifact: str, base: str) -> str:
    """Begin the manifest, whose id the files' places are asked with."""
    return str(_manifest(session, run, artifact, base, "", False)["id"])


def manifest_place(session: Session, run: Created, artifact: str, base: str, digest: str) -> UploadPlace:
    """Where the manifest goes. `digest`: its MD5 in base64."""
    file = _manifest(session, run, artifact, base, digest, True).get("file") or {}
    return _place(session, MANIFEST, file) or _no_place(MANIFEST)


def file_places(session: Session, artifact: str, manifest: str, specs: list[FileSpec]) -> list[FilePlace]:
    """Where the files go, in their order."""
    wanted = [
        {"artifactID": artifact, "artifactManifestID": manifest, "name": one.name, "md5": one.md5} for one in specs
    ]
    data = execute(session, "CreateArtifactFiles", _FILES, input={"artifactFiles": wanted, "storageLayout": "V2"})
    edges = _of(data, "createArtifactFiles", "files").get("edges") or []
    if len(edges) != len(specs):
        _no_place(specs[-1].name)
    nodes = [edge.get("node") or {} for edge in edges]
    return [
        FilePlace(_place(session, spec.name, node), str((node.get("artifact") or {}).get("id") or artifact))
        for spec, node in zip(specs, nodes, strict=True)
    ]


def commit(session: Session, artifact: str) -> None:
    """Make it a version."""
    _of(execute(session, "CommitArtifact", _COMMIT, artifactID=artifact), "commitArtifact", "artifact")


def use(session: Session, run: Created, artifact: str) -> None:
    """Note that the run uses it."""
    fields = {"artifactID": artifact, "entityName": run.entity, "projectName": run.project, "runName": run.run_id}
    execute(session, "UseArtifact", _USE, input=fields)


def link(session: Session, artifact: str, portfolio: str, entity: str, project: str, aliases: list[str]) -> None:
    """Show a version in a portfolio, too."""
    fields = {
        "artifactID": artifact,
        "artifactPortfolioName": portfolio,
        "entityName": entity,
        "projectName": project,
        "aliases": [{"artifactCollectionName": portfolio, "alias": one} for one in aliases],
    }
    execute(session, "LinkArtifact", _LINK, input=fields)


def server_id(session: Session, client_id: str) -> str:
    """The server's id for what a client named itself; empty when the server knows no such artifact."""
    try:
        found = execute(session, "ClientIDMapping", _MAPPING, clientID=client_id).get("clientIDMapping")
    except GraphQLRefused:
        return ""
    return str((found or {}).get("serverID") or "")


def features(session: Session) -> frozenset[str]:
    """Names of what the server can do; a server that does not tell has none of it."""
    try:
        info = execute(session, "ServerFeaturesQuery", _FEATURES).get("serverInfo") or {}
    except GraphQLRefused:
        return frozenset()
    return frozenset(str(one["name"]) for one in info.get("features") or [] if one and one.get("isEnabled"))


def content(session: Session, identifier: str) -> tuple[RemoteArtifact | None, dict[str, RemoteFile]]:
    """A version and the files that the server has of it, by name. References are no files."""
    found: dict[str, RemoteFile] = {}
    cursor: str | None = None
    while True:
        artifact = execute(session, "ArtifactContent", _CONTENT, id=identifier, cursor=cursor, limit=_PAGE).get(
            "artifact"
        )
        if not artifact:
            return None, {}
        page = artifact.get("files") or {}
        for edge in page.get("edges") or []:
            node = edge.get("node") or {}
            name = str(node.get("name"))
            found[name] = RemoteFile(name, int(node.get("sizeBytes") or 0), str(node.get("md5") or ""))
        info = page.get("pageInfo") or {}
        if not info.get("hasNextPage") or info.get("endCursor") == cursor:
            remote = RemoteArtifact(str(artifact["id"]), str(artifact["state"]), str(artifact.get("digest") or ""))
            return remote, found
        cursor = info.get("endCursor")


def _manifest(session: Session, run: Created, artifact: str, base: str, digest: str, is_upload: bool) -> dict[str, Any]:
    data = execute(
        session,
        "CreateArtifactManifest",
        _MANIFEST,
        artifactID=artifact,
        baseArtifactID=base or None,
        name=MANIFEST,
        digest=digest,
        entityName=run.entity,
        projectName=run.project,
        runName=run.run_id,
        manifestType="FULL",
        includeUpload=is_upload,
    )
    return _of(data, "createArtifactManifest", "artifactManifest")


def _of(data: dict[str, Any], operation: str, field: str) -> dict[str, Any]:
    """The object that an operation answers with."""
    found = (data.get(operation) or {}).get(field)
    if not isinstance(found, dict):
        raise GraphQLRefused(
            "rejected", "The server refused it", f"{operation} gave no {field}.", "See the server's log.", data
        )
    return found


def _place(session: Session, name: str, node: dict[str, Any]) -> UploadPlace | None:
    url = node.get("uploadUrl")
    if not url:
        return None
    headers = {}
    for line in node.get("uploadHeaders") or []:
        key, _, value = str(line).partition(":")
        headers[key.strip()] = value.strip()
    return UploadPlace(name, session.url + url if str(url).startswith("/") else str(url), headers)


def _no_place(name: str) -> UploadPlace:
    raise PermanentError(
        "no-upload-url",
        "The server gave no place for a file",
        f"It did not answer for {name!r}.",
        "Check the server's storage.",
    )

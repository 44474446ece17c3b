"""Artifacts on a server: begin a version, places for its manifest and files, commit, and asking back what is there.

One function per operation of W&B's protocol; what follows what is `sync.artifacts`' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runferry.remote.answers import LONGEST_ADDRESS, Node, Pages
from runferry.remote.failures import GraphQLRefused
from runferry.remote.graphql import execute, no_place
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.remote.uploads import RemoteFile, UploadPlace, listed, place_of

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
    latest = found.at("artifactSequence", "latestArtifact").text("id")
    return RemoteArtifact(_id(found), found.text("state"), fields.get("digest", ""), latest)


def state_of(session: Session, identifier: str) -> RemoteArtifact | None:
    """What became of one that was begun earlier; None when the server does not know it."""
    found = execute(session, "ArtifactState", _STATE, id=identifier).at("artifact")
    return RemoteArtifact(_id(found), found.text("state"), found.text("digest")) if found else None


def announce_manifest(session: Session, run: Created, artifact: str, base: str) -> str:
    """Begin the manifest, whose id the files' places are asked with."""
    return _id(_manifest(session, run, artifact, base, "", False))


def manifest_place(session: Session, run: Created, artifact: str, base: str, digest: str) -> UploadPlace:
    """Where the manifest goes. `digest`: its MD5 in base64."""
    place = _place(MANIFEST, _manifest(session, run, artifact, base, digest, True).at("file"))
    if place is None:
        raise no_place(MANIFEST)
    return place


def file_places(session: Session, artifact: str, manifest: str, specs: list[FileSpec]) -> list[FilePlace]:
    """Where the files go, in their order."""
    wanted = [
        {"artifactID": artifact, "artifactManifestID": manifest, "name": one.name, "md5": one.md5} for one in specs
    ]
    data = execute(session, "CreateArtifactFiles", _FILES, input={"artifactFiles": wanted, "storageLayout": "V2"})
    nodes = [edge.at("node") for edge in _of(data, "createArtifactFiles", "files").nodes("edges")]
    if len(nodes) != len(specs):
        raise no_place(specs[-1].name)
    return [
        FilePlace(_place(spec.name, node), node.at("artifact").text("id") or artifact)
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
        found = execute(session, "ClientIDMapping", _MAPPING, clientID=client_id).at("clientIDMapping")
    except GraphQLRefused:
        return ""
    return found.text("serverID")


def features(session: Session) -> frozenset[str]:
    """Names of what the server can do; a server that does not tell has none of it."""
    try:
        info = execute(session, "ServerFeaturesQuery", _FEATURES).at("serverInfo")
    except GraphQLRefused:
        return frozenset()
    return frozenset(one.text("name") for one in info.nodes("features") if one.raw("isEnabled") is True)


def content(session: Session, identifier: str) -> tuple[RemoteArtifact | None, dict[str, RemoteFile]]:
    """A version and the files that the server has of it, by name. References are no files."""
    found: dict[str, RemoteFile] = {}
    pages = Pages("the list of an artifact's files")
    while True:
        data = execute(session, "ArtifactContent", _CONTENT, id=identifier, cursor=pages.cursor, limit=_PAGE)
        artifact = data.at("artifact")
        if not artifact:
            return None, {}
        page = artifact.at("files")
        found.update(listed(page))
        if not pages.has_more(page):
            return RemoteArtifact(_id(artifact), artifact.text("state"), artifact.text("digest")), found


def _manifest(session: Session, run: Created, artifact: str, base: str, digest: str, is_upload: bool) -> Node:
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


def _of(data: Node, operation: str, field: str) -> Node:
    """The object that an operation answers with."""
    found = data.at(operation, field)
    if not found:
        raise GraphQLRefused(
            "rejected", "The server refused it", f"{operation} gave no {field}.", "See the server's log.", operation
        )
    return found


def _id(node: Node) -> str:
    """Without its id a thing cannot be asked for again."""
    found = node.text("id")
    if not found:
        raise GraphQLRefused(
            "rejected", "The server refused it", "It gave an artifact without an id.", "See the server's log."
        )
    return found


def _place(name: str, node: Node) -> UploadPlace | None:
    url = node.text("uploadUrl", LONGEST_ADDRESS)
    return place_of(name, url, node.values("uploadHeaders")) if url else None

"""Artifacts: pending until everything is here, stored once, found by alias, version and client id."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from server_rig import Client

CREATE = (
    "mutation C($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id state versionIndex"
    " artifactSequence { latestArtifact { id } } } } }"
)
MANIFEST = (
    'mutation M($a: ID!, $d: String!) { createArtifactManifest(input: {artifactID: $a, name: "wandb_manifest.json",'
    " digest: $d, type: FULL}) { artifactManifest { id file { uploadUrl } } } }"
)
FILES = (
    "mutation F($f: [CreateArtifactFileSpecInput!]!) { createArtifactFiles(input: {artifactFiles: $f}) { files {"
    " edges { node { uploadUrl } } } } }"
)
COMMIT = "mutation K($a: ID!) { commitArtifact(input: {artifactID: $a}) { artifact { id state versionIndex } } }"


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def begin(client: Client, digest: str = "d1", aliases: tuple[str, ...] = ("latest",), **more: Any) -> Any:
    wanted = [{"artifactCollectionName": "ds", "alias": one} for one in aliases]
    fields = {"projectName": "p", "artifactTypeName": "dataset", "artifactCollectionName": "ds", "runName": "r1"}
    made = client.ask(CREATE, input={**fields, "digest": digest, "aliases": wanted, **more})
    return made["createArtifact"]["artifact"]


def upload(client: Client, artifact: str, data: bytes) -> int | None:
    spec = {"artifactID": artifact, "name": "x.bin", "md5": md5(data)}
    node = client.ask(FILES, f=[spec])["createArtifactFiles"]["files"]["edges"][0]["node"]
    if node["uploadUrl"] is None:
        return None
    return client.session.put(node["uploadUrl"], data=data, auth=None).status_code


def send_manifest(client: Client, artifact: str, data: bytes, size: int | None = None) -> int:
    entry = {"digest": md5(data), "size": len(data) if size is None else size}
    ref = {"digest": "etag", "ref": "s3://bucket/key", "size": 7}
    body = json.dumps({"version": 1, "contents": {"x.bin": entry, "ref": ref}}).encode()
    made = client.ask(MANIFEST, a=artifact, d=md5(body))["createArtifactManifest"]["artifactManifest"]
    return client.session.put(made["file"]["uploadUrl"], data=body, auth=None).status_code


def log(client: Client, data: bytes, digest: str, aliases: tuple[str, ...] = ("latest",)) -> str:
    artifact = str(begin(client, digest, aliases)["id"])
    upload(client, artifact, data)
    assert send_manifest(client, artifact, data) == 200
    client.ask(COMMIT, a=artifact)
    return artifact


def named(client: Client, name: str) -> Any:
    query = 'query N($n: String!) { project(name: "p") { artifact(name: $n) { versionIndex size aliases { alias } } } }'
    return client.ask(query, n=name)["project"]["artifact"]


def test_nothing_is_committed_before_it_is_here(client: Client) -> None:
    client.upsert()
    artifact = begin(client)["id"]
    assert "manifest" in client.graphql(COMMIT, a=artifact)["errors"][0]["message"]
    assert send_manifest(client, artifact, b"content") == 200
    assert "was not uploaded" in client.graphql(COMMIT, a=artifact)["errors"][0]["message"]
    assert named(client, "ds:latest") is None
    assert upload(client, artifact, b"content") == 200
    assert client.ask(COMMIT, a=artifact)["commitArtifact"]["artifact"]["versionIndex"] == 0
    assert named(client, "ds:latest") == {"versionIndex": 0, "size": 14, "aliases": [{"alias": "latest"}]}
    assert client.ask(COMMIT, a=artifact)["commitArtifact"]["artifact"]["versionIndex"] == 0


def test_wrong_bytes_and_wrong_sizes_are_refused(client: Client) -> None:
    client.upsert()
    artifact = begin(client)["id"]
    spec = {"artifactID": artifact, "name": "x.bin", "md5": md5(b"content")}
    address = client.ask(FILES, f=[spec])["createArtifactFiles"]["files"]["edges"][0]["node"]["uploadUrl"]
    assert client.session.put(address, data=b"other", auth=None).status_code == 400
    assert upload(client, artifact, b"content") == 200
    assert send_manifest(client, artifact, b"content", size=99) == 200
    assert "7 bytes, not 99" in client.graphql(COMMIT, a=artifact)["errors"][0]["message"]


def test_content_is_stored_once_and_equal_versions_are_found(client: Client) -> None:
    client.upsert()
    first = log(client, b"content", "d1")
    again = begin(client, "d1", ("latest", "best"))
    assert (again["id"], again["state"]) == (first, "COMMITTED")
    second = log(client, b"content" * 2, "d2")
    assert named(client, "ds:best")["versionIndex"] == 0
    assert named(client, "ds:latest")["versionIndex"] == 1
    assert named(client, "ds:v0")["aliases"] == [{"alias": "best"}]
    third = begin(client, "d3")
    assert third["artifactSequence"]["latestArtifact"]["id"] == second
    assert upload(client, third["id"], b"content") is None
    assert len(list((client.server.store.path / "blobs").glob("*/*"))) == 2


def test_contents_come_back(client: Client) -> None:
    client.upsert()
    artifact = log(client, b"content", "d1")
    query = (
        "query A($a: ID!) { artifact(id: $a) { currentManifest { file { directUrl } } createdBy { ... on Run { name } }"
        " files { edges { node { name directUrl md5 sizeBytes } } } } }"
    )
    found = client.ask(query, a=artifact)["artifact"]
    assert found["createdBy"] == {"name": "r1"}
    node = found["files"]["edges"][0]["node"]
    assert client.session.get(node["directUrl"], auth=None).content == b"content"
    manifest = client.session.get(found["currentManifest"]["file"]["directUrl"], auth=None).json()
    assert set(manifest["contents"]) == {"x.bin", "ref"}


def test_deleted_versions_are_gone_and_their_numbers_too(client: Client) -> None:
    client.upsert()
    first = log(client, b"one", "d1")
    query = "mutation D($i: DeleteArtifactInput!) { deleteArtifact(input: $i) { artifact { id } } }"
    assert "errors" in client.graphql(query, i={"artifactID": first})
    client.ask(query, i={"artifactID": first, "deleteAliases": True})
    assert named(client, "ds:v0") is None
    log(client, b"two", "d2")
    assert named(client, "ds:latest")["versionIndex"] == 1


def test_what_is_not_supported_is_said(client: Client) -> None:
    client.upsert()
    fields = {"projectName": "p", "artifactTypeName": "t", "artifactCollectionName": "ds", "digest": "d"}
    assert "errors" in client.graphql(CREATE, input={**fields, "distributedID": "x"})


@pytest.mark.parametrize("digest", ["", "!!", base64.b64encode(b"short").decode(), "../../../etc/passwd"])
def test_digests_that_are_none_are_refused(client: Client, digest: str) -> None:
    client.upsert()
    artifact = begin(client)["id"]
    assert "errors" in client.graphql(FILES, f=[{"artifactID": artifact, "name": "x", "md5": digest}])

"""Files go in whole or not at all, under their names or not at all, and come back with their true size and digest."""

from __future__ import annotations

import base64
import hashlib
import shutil
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from server_rig import Client

FILES = "fileCount files(names: []) { edges { node { name sizeBytes md5 url directUrl mimetype } } }"


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def put(client: Client, name: str, data: bytes, **headers: str) -> int:
    return client.session.put(client.upload_url(name), data=data, headers=headers, auth=None).status_code


@pytest.mark.parametrize(
    "name",
    ["a.txt", "media/images/ü ☃ 100%.png", "con", "sub/nul.txt", "a:b?*|.log", "x. ", "deep/" * 30 + "y", "L" * 300],
)
def test_a_file_comes_back(client: Client, name: str) -> None:
    client.upsert()
    data = name.encode() * 100_000
    assert put(client, name, data) == 200
    found = [one["node"] for one in client.run(FILES)["files"]["edges"]]
    assert [(one["name"], one["sizeBytes"], one["md5"]) for one in found] == [(name, len(data), md5(data))]
    with_key = client.session.get(found[0]["url"])
    assert with_key.content == data
    assert with_key.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in with_key.headers["Content-Security-Policy"]
    assert client.session.get(found[0]["directUrl"], auth=None).content == data
    part = client.session.get(found[0]["directUrl"], auth=None, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, data[2:6])


def test_empty_files_and_new_content(client: Client) -> None:
    client.upsert()
    assert put(client, "a", b"") == 200
    assert client.run(FILES)["files"]["edges"][0]["node"]["md5"] == md5(b"")
    assert put(client, "a", b"new") == 200
    assert client.run(FILES)["files"]["edges"][0]["node"]["md5"] == md5(b"new")
    assert client.run(FILES)["fileCount"] == 1


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "", "a//b", "x\0y", "."])
def test_names_that_lead_out_get_no_address(client: Client, name: str) -> None:
    client.upsert()
    query = (
        'mutation F($f: [String!]!) { createRunFiles(input: {projectName: "p", runName: "r1", files: $f}) { runID } }'
    )
    assert client.graphql(query, f=[name])["errors"]


@pytest.mark.parametrize(
    "path", ["..%2f..%2f..%2fkey", "%2e%2e/%2e%2e/run.json", "..%5c..%5ckey", "x%00y", "../run.json"]
)
def test_reading_cannot_leave_the_run(client: Client, path: str) -> None:
    client.upsert()
    put(client, "a", b"x")
    reply = _raw_get(client, f"/files/local/p/r1/{path}")
    assert reply.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), reply[:200]
    assert client.server.key.encode() not in reply


def _raw_get(client: Client, path: str) -> bytes:
    with socket.create_connection(("127.0.0.1", client.server.port), timeout=10) as raw:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {client.server.key}\r\n"
        raw.sendall(f"{head}Connection: close\r\n\r\n".encode())
        pieces = []
        while piece := raw.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def test_a_link_in_the_store_is_not_followed(client: Client, tmp_path: Path) -> None:
    client.upsert()
    put(client, "a", b"x")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (client.server.store.path / "runs/local/p/r1/files/link").symlink_to(secret)
    assert client.session.get(client.server.url + "/files/local/p/r1/link").status_code == 404
    assert client.run("fileCount") == {"fileCount": 1}


def test_a_broken_upload_leaves_the_old_file(client: Client) -> None:
    client.upsert()
    put(client, "a", b"old")
    path = urlsplit(client.upload_url("a")).path
    with socket.create_connection(("127.0.0.1", client.server.port)) as raw:
        raw.sendall(
            f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n".encode() + b"n" * 2_000_000
        )
        temporary = client.server.store.path / "tmp"
        _until(lambda: any(one.stat().st_size >= 1 << 20 for one in temporary.iterdir()))
    _until(lambda: not list(temporary.iterdir()))
    assert client.session.get(client.server.url + "/files/local/p/r1/a").content == b"old"


def _until(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_another_digest_than_announced_is_refused(client: Client) -> None:
    client.upsert()
    assert put(client, "a", b"x", **{"Content-MD5": md5(b"y")}) == 400
    assert client.run("fileCount") == {"fileCount": 0}
    assert put(client, "a", b"x", **{"Content-MD5": md5(b"x")}) == 200


def test_a_full_disk_is_told_before_the_bytes_are_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.upsert()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 90, 10))  # type: ignore[attr-defined]
    reply = client.session.put(client.upload_url("a"), data=b"x" * 1_000_000, auth=None)
    assert reply.status_code == 507
    assert "10 bytes left" in reply.json()["error"]
    assert client.run("fileCount") == {"fileCount": 0}


def test_a_file_where_a_folder_is(client: Client) -> None:
    client.upsert()
    assert put(client, "a/b", b"x") == 200
    assert put(client, "a", b"x") == 409
    assert put(client, "a/b/c", b"x") == 409


def test_upload_addresses_do_not_read_and_read_addresses_do_not_write(client: Client) -> None:
    client.upsert()
    address = client.upload_url("a")
    assert client.session.get(address, auth=None).status_code == 404
    put(client, "a", b"x")
    reading = client.run(FILES)["files"]["edges"][0]["node"]["directUrl"]
    assert client.session.put(reading, data=b"y", auth=None).status_code == 403


def test_files_can_be_asked_for_by_name_and_pattern_and_page(client: Client) -> None:
    client.upsert()
    for number in range(5):
        put(client, f"f{number}.json", b"x")
    put(client, "other.txt", b"x")

    def names(arguments: str) -> list[str]:
        edges = client.run(f"files({arguments}) {{ edges {{ node {{ name }} }} pageInfo {{ hasNextPage }} }}")
        return [one["node"]["name"] for one in edges["files"]["edges"]]

    assert names('names: ["f1.json", "no"]') == ["f1.json"]
    assert names('pattern: "%.txt"') == ["other.txt"]
    assert names('first: 2, after: "2"') == ["f2.json", "f3.json"]

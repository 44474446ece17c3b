"""Who is let in, and who is not."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette

from runferry.server.access.sessions import Sessions
from runferry.server.app import create_app
from runferry.server.guard import Guard
from runferry.server.store import Store
from runferry.server.tokens import DOWNLOAD_SECONDS, Signer
from server_rig import Client

VIEWER = json.dumps({"query": "{ viewer { username } }"}).encode()


@dataclass
class Site:
    """The application without a socket, so that hundreds of requests cost nothing."""

    app: Starlette
    key: str

    def ask(self, path: str, method: str = "GET", client: str = "127.0.0.1", **headers: str) -> int:
        """The status of one request; header names with `_` for `-`."""
        sent: list[Any] = []
        headers = {"Host": "127.0.0.1:8080", **headers}
        raw = [(name.lower().replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": raw,
            "client": (client, 5), "server": ("127.0.0.1", 8080),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": VIEWER, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))  # type: ignore[arg-type]
        return int(sent[0]["status"])


@pytest.fixture
def site(store: Store, monkeypatch: pytest.MonkeyPatch) -> Site:
    # There is no socket here whose owner the kernel could tell; test_neighbours has real ones.
    monkeypatch.setattr("runferry.server.guard.owner_of", lambda client, server: str(os.geteuid()))
    return Site(create_app(store, host="127.0.0.1", port=8080), store.key)


def basic(key: str, user: str = "api") -> str:
    return "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "", "a b", "10.0.0.1"]
)
def test_other_names_are_refused_even_with_the_key(site: Site, host: str) -> None:
    status = site.ask("/graphql", "POST", Host=host.format(port=8080), Authorization=basic(site.key))
    assert status in (400, 403)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "localhost", "[::1]:{port}", "LOCALHOST:8080"]
)
def test_names_of_this_machine_are_accepted(site: Site, host: str) -> None:
    status = site.ask("/graphql", "POST", Host=host.format(port=8080), Authorization=basic(site.key))
    assert status == 200


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/runferry", "/graphql", "/local/p/runs/r"])
def test_other_sites_are_refused_even_with_the_key(site: Site, header: dict[str, str], path: str) -> None:
    assert site.ask(path, Authorization=basic(site.key), **header) == 403


@pytest.mark.parametrize("offered", [None, "", "Basic", "Basic !!!", "Bearer x", "Basic YXBpOg==", "Digest {key}"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/graphql"),
        ("POST", "/files/local/p/r/file_stream"),
        ("GET", "/files/local/p/r/output.log"),
        ("POST", "/"),
        ("GET", "/files/x/runs/y/z"),
    ],
)
def test_the_key_is_needed(site: Site, offered: str | None, method: str, path: str) -> None:
    headers = {} if offered is None else {"Authorization": offered.format(key=site.key)}
    assert site.ask(path, method, **headers) == 401


def test_basic_and_bearer_carry_the_key(site: Site) -> None:
    assert site.ask("/graphql", "POST", Authorization=f"Bearer {site.key}") == 200
    assert site.ask("/graphql", "POST", Authorization=basic(site.key)) == 200
    assert site.ask("/graphql", "POST", Authorization=basic(site.key[:-1])) == 401


def test_what_is_open(site: Site) -> None:
    assert site.ask("/runferry") == 200
    assert site.ask("/") == 200
    assert site.ask("/sdk/otel/v1/metrics", "POST") == 404
    assert site.ask("/storage/no.token") == 404
    assert site.ask("/storage/no.token", "PUT") == 403


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "Via"])
def test_pages_through_a_proxy_need_the_key(site: Site, header: str) -> None:
    assert site.ask("/", **{header: "10.0.0.1"}) == 401
    assert site.ask("/", Authorization=basic(site.key), **{header: "10.0.0.1"}) == 200


def test_pages_need_the_key_from_elsewhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.ask("/local/p", client="127.0.0.1") == 404
    monkeypatch.setattr("runferry.server.guard.owner_of", lambda client, server: "")
    assert site.ask("/local/p", client="10.0.0.9") == 401
    assert site.ask("/local/p", client="10.0.0.9", Authorization=basic(site.key)) == 404


def test_pages_need_the_key_from_another_person_here(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runferry.server.guard.owner_of", lambda client, server: str(os.geteuid() + 4711))
    assert site.ask("/local/p") == 401
    assert site.ask("/runferry") == 200


def test_open_to_the_network_takes_addresses_but_no_foreign_names() -> None:
    sessions = Sessions("k", "store", lambda: 0.0)
    guard = Guard(None, "k", "0.0.0.0", sessions)  # type: ignore[arg-type]
    assert guard._is_mine("192.168.1.5")
    assert guard._is_mine("localhost")
    assert not guard._is_mine("evil.example")
    named = Guard(None, "k", "box.lan", sessions)  # type: ignore[arg-type]
    assert named._is_mine("box.lan")
    assert not named._is_mine("192.168.1.5")


def test_identity(client: Client) -> None:
    reply = client.session.get(client.server.url + "/runferry", auth=None).json()
    assert reply["product"] == "runferry"
    assert reply["store"] == client.server.store.store_id


def test_tokens_are_bound_to_method_names_and_time() -> None:
    now = [1000.0]
    signer = Signer("key", lambda: now[0])
    token = signer.sign("GET", "blob", "abc")
    assert signer.check(token, "GET") == ["blob", "abc"]
    assert signer.check(token, "PUT") is None
    assert Signer("other", lambda: now[0]).check(token, "GET") is None
    head, _, tail = token.partition(".")
    assert signer.check(head[:-2] + "AA." + tail, "GET") is None
    assert signer.check(head, "GET") is None
    assert signer.check("é.ü", "GET") is None
    now[0] += DOWNLOAD_SECONDS + 1
    assert signer.check(token, "GET") is None


@pytest.mark.parametrize(
    "header", ["Forwarded", "Via", "X_Forwarded_For", "X_Forwarded_Host", "X_Forwarded_Proto", "X_ProxyContextPath"]
)
def test_a_proxy_of_this_account_does_not_open_pages_to_its_clients(site: Site, header: str) -> None:
    assert site.ask("/") == 200
    assert site.ask("/", **{header: "here"}) == 401

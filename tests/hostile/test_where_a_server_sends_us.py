"""A server names addresses and headers for files. None of them reaches what the server itself could not reach, none
carries the key, and none is written into a request as it stands."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator

import orjson
import pytest

from runferry.errors import AppError, PermanentError
from runferry.remote import destinations, run_state, uploads
from runferry.remote.failures import UploadHostTrouble
from runferry.remote.runs import Created
from support.lying import Lying
from support.raw_server import RawServer, reply
from support.sessions import KEY, open_session

RUN = Created("id", "me", "demo", "r1", 0)
FAR = "https://wandb.example"


@pytest.fixture
def service() -> Iterator[RawServer]:
    """Another service of this computer, which must never hear from us."""
    with RawServer(lambda request: reply(200)) as server:
        yield server


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://files.example/a",
        "gopher://files.example/a",
        "javascript:alert(1)",
        "unix:///run/docker.sock",
        "http://files.example/a",  # in the clear, from a server with TLS
        "https://user:pass@files.example/a",
        "https://wandb.example\\@evil.example/a",
        "https://files.example/a b",
        "https://files.example/a\r\nHost: evil",
        "https://files.example/\x1b[2J",
        "https:///a",
        "https://[::1/a",
        "https://files.example:99999/a",
        "https://files.example:22/a",
        "https://files.example:25/a",
        "",
        " ",
        "relative",
    ],
)
def test_addresses_that_nothing_is_sent_to(address: str) -> None:
    with pytest.raises(destinations.Refused) as caught:
        destinations.absolute(FAR, address)
    shown = str(caught.value)
    assert "pass@" not in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("/storage/a?x=1", FAR + "/storage/a?x=1"),
        ("//evil.example/a", FAR + "//evil.example/a"),
        ("https://bucket.example/a?X-Amz-Signature=f00%2F", "https://bucket.example/a?X-Amz-Signature=f00%2F"),
        ("https://minio.example:9000/a", "https://minio.example:9000/a"),
        ("https://minio.example:444/a", "https://minio.example:444/a"),
        ("http://wandb.example/a?b=c", FAR + "/a?b=c"),  # it does not know that something speaks TLS for it
    ],
)
def test_addresses_of_stores(address: str, where: str) -> None:
    assert destinations.absolute(FAR, address) == where


@pytest.mark.parametrize(
    ("address", "nearness"),
    [
        ("127.0.0.1", 3),
        ("127.255.0.9", 3),
        ("0.0.0.0", 3),
        ("::1", 3),
        ("::", 3),
        ("::ffff:127.0.0.1", 3),
        ("2002:7f00:1::", 3),
        ("64:ff9b::7f00:1", 3),
        ("64:ff9b::a9fe:a9fe", 2),
        ("64:ff9b::a00:1", 1),
        ("64:ff9b::808:808", 0),  # S3 as a network without IPv4 sees it
        ("240.1.2.3", 1),  # clouds use these inside
        ("fec0::1", 1),
        ("169.254.169.254", 2),
        ("::ffff:169.254.169.254", 2),
        ("fd00:ec2::254", 2),
        ("100.100.100.200", 2),
        ("fe80::1%eth0", 2),
        ("224.0.0.1", 2),
        ("10.0.0.1", 1),
        ("192.168.1.1", 1),
        ("172.16.0.1", 1),
        ("100.64.0.1", 1),
        ("fd12::1", 1),
        ("8.8.8.8", 0),
        ("2606:4700::1", 0),
    ],
)
def test_how_near_an_address_lies(address: str, nearness: int) -> None:
    assert destinations.nearness(address) == nearness


def test_no_server_names_what_lies_nearer_than_itself() -> None:
    for server, allowed in ((0, {0}), (1, {0, 1}), (2, {0, 1, 2}), (3, {0, 1, 3}), (None, {0, 1})):
        assert {there for there in range(4) if destinations.may_lead(there, server, False)} == allowed
    assert destinations.may_lead(1, 0, True)  # a company's store of files, which shows a certificate


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_a_server_elsewhere_sends_nobody_to_this_computer(service: RawServer, host: str) -> None:
    port = service.url.rpartition(":")[2]
    with open_session("http://192.0.2.1:8080") as session, pytest.raises(destinations.Refused):
        uploads.put(session, uploads.UploadPlace("a", f"http://{host}:{port}/a", {}), io.BytesIO(b"secret"), 6)
    assert service.requests == []


def test_a_name_is_judged_by_where_it_really_leads(service: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that a look-up calls far and the connection finds near; DNS itself cannot lie on loopback, so the answer
    of the look-up is put in its place."""
    real, port = socket.getaddrinfo, int(service.url.rpartition(":")[2])

    def lying(host: object, *args: object, **kwargs: object) -> object:
        return real("127.0.0.1", *args, **kwargs) if host == "files.example" else real(host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", lying)
    with open_session("http://wandb.example") as session, pytest.raises(destinations.Refused) as caught:
        uploads.put(session, uploads.UploadPlace("a", f"http://files.example:{port}/a", {}), io.BytesIO(b"x"), 1)
    assert "127.0.0.1" in caught.value.message
    assert not any(service.requests)  # connected to, and hung up on, before a byte was sent


def test_a_server_on_this_computer_may_have_its_store_here(service: RawServer) -> None:
    with open_session("http://127.0.0.1:9") as session:
        uploads.put(session, uploads.UploadPlace("a", service.url + "/a", {}), io.BytesIO(b"x"), 1)
        with pytest.raises(destinations.Refused):  # but not the services of the cloud that it may be a tunnel to
            uploads.put(session, uploads.UploadPlace("a", "http://169.254.169.254/latest", {}), io.BytesIO(b"x"), 1)
    assert len(service.requests) == 1


def test_headers_of_a_servers_choice() -> None:
    asked = [
        "Content-Type: text/plain",
        "Content-MD5:abc==",
        "x-amz-meta-a: b: c",
        "X-Ms-Blob-Type: BlockBlob",
        "Authorization: Bearer stolen",
        "Cookie: a=b",
        "Host: metadata.google.internal",
        "X-aws-ec2-metadata-token: x",
        "Metadata-Flavor: Google",
        "Origin: http://127.0.0.1",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "X-Forwarded-For: 127.0.0.1",
        "Content-Type\r\nEvil: 1",
        "Content-Language: a\r\nEvil: 1",
        "Cache-Control: \u2028",
        "Expires: " + "x" * 10_000,
        ": nothing",
        "",
        None,
        5,
        {"a": "b"},
    ]
    used = destinations.usable(asked)
    assert used == {
        "Content-Type": "text/plain",
        "Content-MD5": "abc==",
        "x-amz-meta-a": "b: c",
        "X-Ms-Blob-Type": "BlockBlob",
    }
    assert "Authorization" in destinations.left_out(asked, used)
    assert len(destinations.usable(["x-amz-a: b"] * 100_000)) == 1


def test_what_was_left_out_is_said_where_the_store_refuses() -> None:
    def answer(request: bytes) -> bytes:
        if b"CreateRunFiles" not in request:
            return reply(400, b"no")
        place = {"name": "a", "uploadUrl": "/a"}
        told = {"uploadHeaders": ["Authorization: Bearer theirs", "Content-Type: a/b"], "files": [place]}
        return reply(200, orjson.dumps({"data": {"createRunFiles": told}}))

    with Lying(answer) as server, open_session(server.url) as session:
        (place,) = uploads.create(session, RUN, ["a"])
        with pytest.raises(PermanentError) as caught:
            uploads.put(session, place, io.BytesIO(b"x"), 1)
    assert "Authorization" in caught.value.message
    assert b"theirs" not in server.requests[-1]
    assert b"Content-Type: a/b" in server.requests[-1]


def test_the_key_goes_to_no_other_scheme_port_or_spelling_of_the_server() -> None:
    """The same name without TLS is another place: whoever listens in the middle would read the key."""
    with RawServer(lambda request: reply(200, b"file")) as other, open_session("https://127.0.0.1:1") as session:
        with pytest.raises(AppError):  # the same host: asked over TLS, where the server is
            session.get(f"{other.url}/file", "a file")
        assert other.requests == []
        assert session.get(f"{other.url.replace('127.0.0.1', 'localhost')}/file", "a file") == b"file"
    assert b"Authorization" not in other.requests[0]
    with RawServer(lambda request: reply(200, b"file")) as other, open_session("http://127.0.0.1:1") as session:
        assert session.get(f"{other.url}/file", "a file") == b"file"
    assert KEY.encode() not in other.requests[0]
    assert b"Authorization" not in other.requests[0]


def test_downloads_are_bounded_in_number_and_place(service: RawServer) -> None:
    many = [{"node": {"name": f"{n}.patch", "directUrl": f"/{n}"}} for n in range(5000)]
    with Lying(lambda request: _code(many)) as server, open_session(server.url) as session:
        assert len(run_state.look_up(session, "me", "demo", "r").files) == 100
    bad = [{"node": {"name": "a.patch", "directUrl": "file:///etc/shadow"}}]
    with (
        Lying(lambda request: _code(bad)) as server,
        open_session(server.url) as session,
        pytest.raises(destinations.Refused),
    ):
        run_state.look_up(session, "me", "demo", "r")


def _code(edges: list[dict[str, object]]) -> bytes:
    return reply(200, orjson.dumps({"data": {"project": {"run": {"commit": "c", "files": {"edges": edges}}}}}))


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:{port}/a", "file:///etc/passwd", "javascript:alert(1)", "http://[", "\x1b[2J", "//x"]
)
def test_a_redirect_of_an_upload_is_not_followed(service: RawServer, location: str) -> None:
    target = location.format(port=service.url.rpartition(":")[2])
    with (
        RawServer(lambda request: reply(307, b"", f"Location: {target}")) as store,
        open_session("http://127.0.0.1:9") as session,
        pytest.raises(UploadHostTrouble) as caught,
    ):
        uploads.put(session, uploads.UploadPlace("a", store.url + "/a", {}), io.BytesIO(b"x"), 1)
    assert service.requests == []
    assert "\x1b" not in str(caught.value)

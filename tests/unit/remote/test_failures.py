"""What goes wrong between us and a server, provoked by real sockets, and what people are told."""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Callable

import pytest

from runferry.errors import AppError
from runferry.remote import file_stream, runs, uploads
from runferry.remote.failures import ServerRefused, ServerTrouble
from runferry.remote.file_stream import Lines, StreamRequest
from runferry.remote.runs import Created
from runferry.remote.session import Session, proxies_for
from support.raw_server import RawServer, reply

KEY = "k" * 40
RUN = Created("id", "me", "demo", "r1", 0)


def session(url: str, timeout: float = 5) -> Session:
    return Session(url, KEY, ssl.create_default_context(), {}, timeout, timeout)


def failure(url: str, timeout: float = 5) -> AppError:
    opened = session(url, timeout)
    try:
        with pytest.raises(AppError) as caught:
            runs.viewer(opened)
        return caught.value
    finally:
        opened.close()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, ServerTrouble)
    assert error.slug == "refused"
    assert str(port) in error.message


def test_a_name_that_nobody_knows() -> None:
    error = failure("http://no-such-host.invalid")
    assert (error.slug, isinstance(error, ServerTrouble)) == ("dns", True)
    assert "no-such-host.invalid" in error.message


def test_a_server_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert failure(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.2).slug == "timeout"


def test_a_server_that_hangs_up() -> None:
    with RawServer(lambda request: None) as server:
        assert failure(server.url).slug == "connection-lost"


@pytest.mark.parametrize(
    ("status", "kind", "slug"),
    [
        (401, ServerRefused, "key-refused"),
        (403, AppError, "forbidden"),
        (404, AppError, "not-found"),
        (407, ServerRefused, "proxy-login"),
        (409, AppError, "deleted-on-server"),
        (413, AppError, "too-large"),
        (429, ServerTrouble, "slow-down"),
        (500, ServerTrouble, "server-fault"),
        (501, AppError, "rejected"),
        (503, ServerTrouble, "server-fault"),
    ],
)
def test_what_a_status_means(status: int, kind: type[AppError], slug: str) -> None:
    with RawServer(lambda request: reply(status, b"said so")) as server:
        error = failure(server.url)
    assert isinstance(error, kind)
    assert error.slug == slug
    assert isinstance(error, ServerTrouble) == (kind is ServerTrouble)
    assert error.title
    assert error.todo


def test_a_refusal_repeats_what_the_server_says() -> None:
    with RawServer(lambda request: reply(405, b"Method\nNot Allowed")) as server:
        error = failure(server.url)
    assert error.message.endswith("It says: Method Not Allowed")
    with RawServer(lambda request: reply(405, b"<html>no</html>")) as server:
        assert "It says" not in failure(server.url).message


def test_the_server_names_the_pause() -> None:
    with RawServer(lambda request: reply(429, b"", "Retry-After: 7.5")) as server:
        error = failure(server.url)
    assert isinstance(error, ServerTrouble)
    assert error.retry_after == 7.5


def test_a_portal_page_is_no_server() -> None:
    with RawServer(lambda request: reply(200, b"<!DOCTYPE html><html>Sign in</html>")) as server:
        assert failure(server.url).slug == "portal"


def test_answers_that_make_no_sense() -> None:
    with RawServer(lambda request: reply(200, b'{"data": {"vie')) as server:
        assert failure(server.url).slug == "bad-answer"
    with RawServer(lambda request: reply(200, b'{"something": "else"}')) as server:
        assert failure(server.url).slug == "not-wandb"
    with RawServer(lambda request: reply(200, b'{"data": {"viewer": null}}')) as server:
        assert failure(server.url).slug == "key-refused"
    with RawServer(lambda request: reply(200, b'{"errors": [{"message": "no such project"}]}')) as server:
        assert "no such project" in failure(server.url).message


def test_plain_http_on_a_tls_address() -> None:
    with RawServer(lambda request: reply(400), read=lambda client: client.recv(65536)) as server:
        error = failure(server.url.replace("http:", "https:"))
    assert (error.slug, isinstance(error, ServerRefused)) == ("tls-plain-http", True)


def use(server: RawServer, what: Callable[[Session], object]) -> None:
    opened = session(server.url)
    try:
        what(opened)
    finally:
        opened.close()


def test_the_file_stream_has_its_shape() -> None:
    request = StreamRequest(
        lines=[Lines("history", 3, ['{"a":NaN}'])], summary="{}", uploaded=["x"], exit_code=0, preempting=True
    )
    with RawServer(lambda asked: reply(200, b'{"stopped": true}')) as server:
        use(server, lambda opened: file_stream.post(opened, Created("", "my team", "a/b", "r#1", 0), request))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /files/my%20team/a%2Fb/r%231/file_stream HTTP/1.1")
    assert b"Authorization: Basic" in head
    assert body == (
        b'{"files":{"wandb-history.jsonl":{"offset":3,"content":["{\\"a\\":NaN}"]},'
        b'"wandb-summary.json":{"offset":0,"content":["{}"]}},"uploaded":["x"],"preempting":true,'
        b'"complete":true,"exitcode":0}'
    )


def test_the_key_never_goes_to_an_upload_url() -> None:
    place = uploads.UploadPlace("a.txt", "", {"x-from": "server"})
    with RawServer(lambda asked: reply(200)) as storage:
        put = uploads.UploadPlace(place.name, storage.url + "/put", place.headers)
        with RawServer(lambda asked: reply(200)) as server:
            use(server, lambda opened: uploads.put(opened, put, io.BytesIO(b"12345"), 5))
            use(server, lambda opened: uploads.put(opened, put, io.BytesIO(b""), 0))
    assert server.requests == []
    for request, length in zip(storage.requests, (b"5", b"0"), strict=True):
        assert b"Authorization" not in request
        assert b"api:" not in request
        assert b"x-from: server" in request
        assert b"Content-Length: " + length in request
    assert storage.requests[0].endswith(b"12345")


def test_loopback_never_goes_through_a_proxy() -> None:
    environ = {"HTTP_PROXY": "http://proxy:3128", "https_proxy": "http://proxy:3128", "NO_PROXY": "inside.example"}
    assert proxies_for("http://127.0.0.1:8470", environ) == {}
    assert proxies_for("http://localhost:1", environ) == {}
    assert proxies_for("https://api.example", environ) == {"https": "http://proxy:3128"}
    assert proxies_for("https://inside.example", environ) == {}

"""Answers without end, and small ones that unpack to something huge: each is read as far as such an answer goes, in
bounded memory and time, and what is too much is an error with a name."""

from __future__ import annotations

import gzip
import io
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest

from runferry.errors import AppError
from runferry.remote import answers, file_stream, runs, timed, uploads
from runferry.remote.failures import Forbidden, RunFault, ServerTrouble
from runferry.remote.file_stream import StreamRequest
from runferry.remote.runs import Created
from runferry.remote.session import Session
from support.company import VIEWER
from support.lying import Lying, bomb, head, packed
from support.raw_server import reply
from support.sessions import open_session

MIB = 1 << 20
RUN = Created("id", "me", "demo", "r1", 0)

Ask = Callable[[Session], object]


def _upload(session: Session) -> object:
    uploads.put(session, uploads.UploadPlace("a", "/storage/a", {}), io.BytesIO(b"x"), 1)
    return "uploaded"


# What is asked, and the most that its answer takes in memory.
ASKED: dict[str, tuple[Ask, int]] = {
    "graphql": (runs.viewer, answers.GRAPHQL),
    "file stream": (lambda session: file_stream.post(session, RUN, StreamRequest()), answers.STREAM),
    "download": (lambda session: session.get(session.url + "/file", "a file"), answers.FILE),
    "who is there": (lambda session: session.get_public("/runferry", "who"), answers.SMALL),
    "probe": (lambda session: session.probe(), answers.SMALL),
    "upload": (_upload, answers.SMALL),
}


BOMB = bomb(600 * MIB)


def endless(*headers: str, status: int = 200) -> Iterator[bytes]:
    yield head(*headers, status=status)
    while True:
        yield b" " * MIB


def outcome(ask: Ask, url: str, timeout: float = 10) -> tuple[AppError | None, int]:
    """The error, if any, and the most memory that was in use meanwhile."""
    with open_session(url, timeout) as session:
        tracemalloc.start()
        try:
            ask(session)
        except AppError as error:
            return error, tracemalloc.get_traced_memory()[1]
        else:
            return None, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("name", list(ASKED))
def test_two_megabytes_that_unpack_to_six_hundred(name: str) -> None:
    ask, most = ASKED[name]
    with Lying(lambda request: packed(BOMB)) as server:
        error, memory = outcome(ask, server.url)
    assert memory < 3 * most + 16 * MIB
    if name not in ("probe", "upload"):  # of those only the beginning matters
        assert error is not None
        assert error.slug == "answer-too-large"
        assert isinstance(error, RunFault)  # the server answers: others' runs go on


@pytest.mark.parametrize("name", list(ASKED))
def test_an_answer_without_end(name: str) -> None:
    ask, most = ASKED[name]
    with Lying(lambda request: endless()) as server:
        error, memory = outcome(ask, server.url)
        assert server.sent < most + 64 * MIB
    assert memory < 3 * most + 16 * MIB
    assert name in ("probe", "upload") or (error is not None and error.slug == "answer-too-large")


@pytest.mark.parametrize("name", list(ASKED))
def test_a_refusal_without_end(name: str) -> None:
    """Of an error's page the beginning is read."""
    ask, _ = ASKED[name]
    with Lying(lambda request: endless(status=403)) as server:
        error, memory = outcome(ask, server.url)
    assert memory < 16 * MIB
    assert name in ("probe", "who is there") or isinstance(error, AppError)
    if name == "graphql":
        assert isinstance(error, Forbidden)


def test_a_head_without_end() -> None:
    def heads(request: bytes) -> Iterator[bytes]:
        while True:
            yield b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000

    with Lying(heads) as server:
        error, memory = outcome(runs.viewer, server.url)
    assert isinstance(error, ServerTrouble)
    assert memory < 16 * MIB


def test_a_line_without_end_between_chunks() -> None:
    def chunks(request: bytes) -> Iterator[bytes]:
        yield head("Transfer-Encoding: chunked") + b"5;"
        while True:
            yield b"x" * MIB

    with Lying(chunks) as server:
        error, memory = outcome(runs.viewer, server.url)
    assert isinstance(error, ServerTrouble)
    assert memory < 3 * timed.MOST


def test_many_small_members_are_no_answer() -> None:
    body = gzip.compress(b" ") * 200_000
    with Lying(lambda request: packed(body)) as server:
        began = time.monotonic()
        error, _ = outcome(runs.viewer, server.url)
    assert isinstance(error, ServerTrouble)
    assert error.slug == "bad-answer"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"\x0b"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("gzip, gzip", BOMB[:1000]),
        ("gzip", b"no gzip"),
        ("\x1b[2J", b""),
    ],
)
def test_what_nobody_asked_for_is_not_unpacked(encoding: str, body: bytes) -> None:
    with Lying(lambda request: packed(body, encoding)) as server:
        error, _ = outcome(runs.viewer, server.url)
    assert error is not None
    assert error.slug == "bad-answer"
    assert "\x1b" not in str(error)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate"])
def test_what_was_asked_for_is(encoding: str) -> None:
    body = zlib.compress(VIEWER) if encoding == "deflate" else gzip.compress(VIEWER[:5]) + gzip.compress(VIEWER[5:])
    with Lying(lambda request: packed(body, encoding)) as server, open_session(server.url) as session:
        assert runs.viewer(session).entity == "team"


def test_who_drips_is_hung_up_on() -> None:
    """Each byte comes within the timeout; together they would take hours."""

    def drip(request: bytes) -> Iterator[bytes]:
        yield head()
        for _ in range(10_000):
            server.closing.wait(0.2)
            yield b" "

    with Lying(drip) as server:
        began = time.monotonic()
        error, _ = outcome(runs.viewer, server.url, timeout=0.5)
    assert isinstance(error, ServerTrouble)
    assert error.slug == "timeout"
    assert time.monotonic() - began < 5


def test_a_slow_answer_that_goes_on_is_waited_for() -> None:
    def slow(request: bytes) -> Iterator[bytes]:
        yield head()
        for _ in range(6):
            server.closing.wait(0.3)
            yield b" " * 4096
        yield VIEWER

    with Lying(slow) as server, open_session(server.url, 0.5) as session:
        assert runs.viewer(session).entity == "team"


def test_pages_of_large_rows_are_asked_for_in_smaller_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on answers must not make a run with large rows unverifiable."""
    monkeypatch.setattr(answers, "GRAPHQL", 100_000)

    def rows(request: bytes) -> bytes:
        import orjson

        asked = orjson.loads(request.partition(b"\r\n\r\n")[2]).get("variables") or {}
        span = range(asked.get("minStep", 0), asked.get("maxStep", 0))
        found = [orjson.dumps({"_step": step, "x": "y" * 20_000}).decode() for step in span]
        return reply(200, orjson.dumps({"data": {"project": {"run": {"history": found}}}}))

    with Lying(rows) as server, open_session(server.url) as session:
        pages = list(runs.read_history(session, RUN, range(20), 10))
    assert [answers.row(line)["_step"] for page in pages for line in page] == list(range(20))

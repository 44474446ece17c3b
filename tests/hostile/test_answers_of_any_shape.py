"""JSON of any shape, from a real lying server: every operation ends with a result or with an error that has a name."""

from __future__ import annotations

import contextlib
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runferry.errors import AppError
from runferry.remote import answers, artifacts, destinations, file_stream, run_state, runs, told, uploads
from runferry.remote.file_stream import StreamRequest
from runferry.remote.runs import Created, RemoteRun
from runferry.remote.session import Session
from runferry.sync import events_there, first_contact, reading_back, resumed_steps, verification
from support.lying import Lying
from support.raw_server import reply
from support.sessions import OpenSession, open_session

RUN = Created("id", "me", "demo", "r1", 0)
DEEP = 50_000


def _compare(session: Session) -> object:
    row = '{"_step": 1, "loss": 0.5}'
    expected = verification.Expected(
        lines={"history": 1, "events": 0, "console": 0}, last_row=row, summary='{"loss": 0.5}', config='{"lr": 0.1}',
        exit_code=0, files={}, artifacts=(), tells_holes=True,
    )  # fmt: skip
    verification.compare(session, RUN, expected)
    return verification.compare_rows(session, RUN, [row])


def _resume(session: Session) -> object:
    found = runs.look_up(session, "me", "demo", "r1")
    if found is None:
        return None
    assert 0 <= resumed_steps.starting_step(found) <= told.LARGEST_COUNT
    return [reading_back.key_of(one) + str(reading_back.step_of(one)) for one in found.history_tail]


def _events(session: Session) -> object:
    return events_there.EventsThere(session, RUN, 5, ["{}", "[1]", "nonsense"]).has({"_timestamp": 1.0})


def _put(session: Session) -> object:
    for place in uploads.create(session, RUN, ["a"]):
        destinations.absolute(session.url, place.url)
        assert all("\n" not in one for pair in place.headers.items() for one in pair)
    return None


ASKED: list[Callable[[Session], object]] = [
    runs.viewer,
    lambda session: runs.look_up(session, "me", "demo", "r1"),
    lambda session: runs.holes(session, "me", "demo", "r1"),
    lambda session: runs.upsert(session, name="r1", project="demo"),
    lambda session: runs.delete(session, "id"),
    lambda session: runs.events(session, RUN, 10),
    lambda session: list(runs.read_history(session, RUN, [1, 2])),
    lambda session: file_stream.post(session, RUN, StreamRequest()),
    lambda session: uploads.files(session, RUN),
    lambda session: run_state.look_up(session, "me", "demo", "r1"),
    lambda session: artifacts.create(session, {}),
    lambda session: artifacts.state_of(session, "id"),
    lambda session: artifacts.announce_manifest(session, RUN, "id", ""),
    lambda session: artifacts.manifest_place(session, RUN, "id", "", "digest"),
    lambda session: artifacts.file_places(session, "id", "m", [artifacts.FileSpec("a", "md5")]),
    lambda session: artifacts.commit(session, "id"),
    lambda session: artifacts.server_id(session, "id"),
    lambda session: artifacts.features(session),
    lambda session: artifacts.content(session, "id"),
    _put,
    _compare,
    _resume,
    _events,
    lambda session: session.get_public("/runferry", "who"),
]

NAMES = [
    "viewer", "username", "entity", "model", "bucket", "id", "name", "project", "run", "files", "edges", "node",
    "pageInfo", "endCursor", "hasNextPage", "upsertBucket", "historyLineCount", "historyTail", "eventsTail",
    "summaryMetrics", "config", "wandbConfig", "history", "events", "createRunFiles", "uploadHeaders", "uploadUrl",
    "artifact", "createArtifact", "artifactSequence", "latestArtifact", "createArtifactManifest", "artifactManifest",
    "file", "createArtifactFiles", "serverInfo", "features", "isEnabled", "clientIDMapping", "serverID", "sizeBytes",
    "md5", "directUrl", "commit", "state", "commitArtifact", "_step", "data", "errors", "message",
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.sampled_from(
        ["[", "[[[", "{}", '["{}", "[1]"]', '{"_step": 1e999}', "file:///etc/passwd", "//a", "a\r\nb: c", "[]" * 9]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=25,
)


@pytest.fixture(scope="module")
def lying() -> Iterator[tuple[Lying, OpenSession]]:
    with Lying(lambda request: b"") as server, open_session(server.url) as session:
        yield server, session


def each(lying: tuple[Lying, OpenSession], body: bytes) -> list[str]:
    """What comes of every operation when it gets this body; the slugs of the errors. Nothing but AppError is raised."""
    server, session = lying
    server.answer = lambda request: reply(200, body)
    slugs = []
    for ask in ASKED:
        try:
            ask(session)
        except AppError as error:
            slugs.append(error.slug if error.title and error.todo else "nameless")
    assert not {"bug", "nameless"} & set(slugs)
    return slugs


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
@example({"project": {"run": {"files": {"edges": None, "pageInfo": {"hasNextPage": True, "endCursor": "same"}}}}})
@example({"model": {"bucket": {"historyLineCount": 2**64 - 1, "historyTail": '["[]"]', "summaryMetrics": "[" * 5000}}})
@example({"model": {"bucket": {"historyTail": '["{\\"_step\\": 1' + "0" * 30 + '}"]', "historyLineCount": "x"}}})
def test_any_value_as_data(lying: tuple[Lying, OpenSession], value: Any) -> None:
    each(lying, orjson.dumps({"data": value}))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
def test_any_value_as_reply(lying: tuple[Lying, OpenSession], value: Any) -> None:
    each(lying, orjson.dumps(value))


ODD = {
    "deep lists": b'{"data": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep objects": b'{"data": ' + b'{"viewer":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "deep within reason": b'{"data": {"viewer": ' + b"[" * 900 + b"]" * 900 + b"}}",
    "deep errors": b'{"errors": [' + b"[" * 900 + b"]" * 900 + b"]}",
    "equal keys": b'{"data": 1, "data": {"viewer": 1, "viewer": {"entity": "x", "entity": []}}}',
    "a huge number": b'{"data": {"model": {"bucket": {"historyLineCount": ' + b"9" * 100_000 + b"}}}}",
    "a huge exponent": b'{"data": {"model": {"bucket": {"historyLineCount": 1e999999}}}}',
    "NaN": b'{"data": {"model": {"bucket": {"historyLineCount": NaN}}}}',
    "half a character": b'{"data": {"viewer": {"entity": "\\ud800"}}}',
    "no UTF-8": b'{"data": {"viewer": {"entity": "\xff\xfe"}}}',
    "null": b"null",
    "a list": b"[]",
    "a text": b'"data"',
    "nothing": b"",
    "errors that are none": b'{"errors": {"message": 1}}',
    "many values": b'{"data": [' + b"[]," * 3_000_000 + b"1]}",
    "a text in place of everything": b'{"data": {"viewer": "x", "model": "x", "project": [1], "artifact": "x"}}',
}


@pytest.mark.parametrize("name", list(ODD))
def test_odd_json(lying: tuple[Lying, OpenSession], name: str) -> None:
    tracemalloc.start()
    slugs = each(lying, ODD[name])
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert memory < 300 << 20
    if name in ("NaN", "half a character", "no UTF-8", "deep lists", "deep objects", "many values", "nothing"):
        assert set(slugs) <= {"bad-answer", "answer-too-large"}


def test_a_list_without_end_is_left() -> None:
    """Each page says that there is another one."""
    numbers = iter(range(10**9))

    def page(request: bytes) -> bytes:
        more = {"pageInfo": {"hasNextPage": True, "endCursor": str(next(numbers))}, "edges": []}
        return reply(200, orjson.dumps({"data": {"project": {"run": {"files": more}}, "artifact": {"files": more}}}))

    with Lying(page) as server, open_session(server.url) as session, pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "MOST_PAGES", 20)
        for ask in (
            lambda: uploads.files(session, RUN),
            lambda: artifacts.content(session, "id"),
            lambda: run_state.look_up(session, "me", "demo", "r1"),
        ):
            with pytest.raises(AppError) as caught:
                ask()
            assert caught.value.slug == "bad-answer"


@pytest.mark.parametrize(
    "tail", ["[]", "1", "null", "[" * 5000, '{"_step": 1e400}', '{"_step": ' + "9" * 400 + "}", "\ud800"]
)
def test_lines_that_a_server_keeps_are_read_whatever_they_are(tail: str) -> None:
    remote = RemoteRun("id", {"history": 5, "events": 0, "console": 0}, [tail], [tail], json.loads('{"_step": 1e400}'))
    assert resumed_steps.starting_step(remote) == 5
    assert reading_back.step_of(tail) is None
    assert isinstance(reading_back.key_of(tail), str)
    assert not first_contact.same(tail, '{"_step": 1}')


def test_a_summary_too_deep_to_be_compared_is_not_the_same() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    assert verification._differ("summary", '{"a": {"a": 2}}', {"a": deep}) == ["summary: a differ"]


def test_an_upload_of_a_file_is_not_mistaken(lying: tuple[Lying, OpenSession]) -> None:
    """Whatever a store of files answers: it is taken, or an error with a name."""
    server, session = lying
    for status in (200, 204, 301, 307, 400, 401, 429, 500, 599, 999):
        answer = reply(status, b"\xff\x00", "Location: http://[", "Retry-After: x", "Set-Cookie: a=b")
        server.answer = lambda request, answer=answer: answer  # type: ignore[misc]
        session.pace.forget()
        with contextlib.suppress(AppError):
            uploads.put(session, uploads.UploadPlace("a", "/a", {}), io.BytesIO(b"x"), 1)
    assert not any(b"Cookie" in one for one in server.requests)

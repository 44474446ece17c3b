"""Causes that people meet on bad networks, each provoked by a socket: its class, and what had been sent before."""

from __future__ import annotations

import io
import time

import pytest

from runferry.errors import AppError, TemporaryError
from runferry.remote import failures, file_stream, runs, uploads
from runferry.remote.bandwidth import Bandwidth
from runferry.remote.file_stream import Lines, StreamRequest
from runferry.remote.pace import Pace
from runferry.remote.proxies import ProxyChoice
from runferry.remote.runs import Created
from runferry.remote.session import PROBE, Session
from runferry.remote.way import Way
from support.company import VIEWER, Proxy, Silent
from support.raw_server import RawServer, reply

KEY = "k" * 40
FAR = "http://wandb.example"  # every name leads to the proxy, which plays the whole network
RUN = Created("id", "me", "demo", "r1", 0)
PORTAL = reply(200, b"<!DOCTYPE html><html>Sign in</html>", "Content-Type: text/html")


def opened(url: str, proxy: Proxy | None = None, bandwidth: Bandwidth | None = None) -> Session:
    way = Way({}, choice=ProxyChoice("manual", proxy.url) if proxy else ProxyChoice("none"))
    return Session(url, KEY, way.context(), {}, 5, 5, way, bandwidth)


def caught(session: Session, kind: type[AppError]) -> AppError:
    with pytest.raises(AppError) as error:
        runs.viewer(session)
    assert type(error.value) is kind
    assert error.value.title
    assert error.value.todo
    return error.value


def test_a_portal_gets_the_probe_and_nothing_else() -> None:
    with Proxy(answer=lambda request: PORTAL) as network:
        session = opened(FAR, network)
        caught(session, failures.Portal)
        caught(session, failures.Portal)
        session.close()
    assert len(network.requests) == 2
    for request in network.requests:
        assert request.endswith(PROBE)
        assert b"Authorization" not in request


@pytest.mark.parametrize(
    "answer",
    [
        reply(302, b"", "Location: http://login.hotel.example/start"),
        reply(511, b"<html>", "Content-Type: text/html"),
        reply(307, b"", "Location: https://login.hotel.example/"),
    ],
    ids=["302", "511", "307"],
)
def test_a_portal_that_sends_people_elsewhere(answer: bytes) -> None:
    with Proxy(answer=lambda request: answer) as network:
        session = opened(FAR, network)
        error = caught(session, failures.Portal)
        session.close()
    assert isinstance(error, failures.Portal)
    if b"302" in answer:
        assert error.page == "http://login.hotel.example/start"
    assert all(b"Authorization" not in request for request in network.requests)


def test_after_an_outage_the_probe_comes_first_again() -> None:
    answers = [reply(200, b'{"data": {"__typename": "Query"}}'), reply(200, VIEWER), None, PORTAL]

    def answer(request: bytes) -> bytes:
        return answers.pop(0) or b""

    with Proxy(answer=answer) as network:
        session = opened(FAR, network)
        assert runs.viewer(session).entity == "team"
        with pytest.raises(failures.ServerTrouble):
            runs.viewer(session)  # the network is gone …
        caught(session, failures.Portal)  # … and when it comes back, it is another one
        session.close()
    assert [b"Authorization" in request for request in network.requests] == [False, True, True, False]


def test_a_server_that_moved_does_not_get_the_key_elsewhere() -> None:
    moved = reply(301, b"", "Location: https://wandb.example/graphql")
    with Proxy(answer=lambda request: moved) as network:
        session = opened(FAR, network)
        error = caught(session, failures.Moved)
        session.close()
    assert "https://wandb.example" in error.todo
    assert all(b"Authorization" not in request for request in network.requests)


def test_a_fault_for_one_run_is_no_outage() -> None:
    def answer(request: bytes) -> bytes:
        return reply(500, b"boom") if b"/r1/file_stream" in request else reply(200, b'{"data": {}}')

    with RawServer(answer) as server:
        session = opened(server.url)
        with pytest.raises(failures.RunFault) as error:
            file_stream.post(session, RUN, StreamRequest(lines=[Lines("history", 0, ["{}"])]))
        assert not isinstance(error.value, failures.ServerTrouble)
        file_stream.post(session, Created("id", "me", "demo", "r2", 0), StreamRequest())
        session.close()


def test_a_fault_of_the_whole_server_is_one() -> None:
    with RawServer(lambda request: reply(503, b"", "Retry-After: 9")) as server:
        session = opened(server.url)
        error = caught(session, failures.ServerFault)
        session.close()
    assert isinstance(error, TemporaryError)
    assert error.retry_after == 9


def test_reset_in_the_middle_of_a_body() -> None:
    with Silent(reset=True) as server:
        session = opened(server.url.replace("https", "http"))
        with pytest.raises(failures.ConnectionLost):
            session.post_json("/graphql", b"x" * (8 << 20), "a long body")
        session.close()
    assert 0 < len(server.received) < 8 << 20


def test_the_host_for_files_is_named_when_it_is_away() -> None:
    with RawServer(lambda request: reply(200, VIEWER)) as server:
        session = opened(server.url)
        place = uploads.UploadPlace("model.pt", "http://files.invalid:9000/put", {})
        with pytest.raises(failures.UploadHostTrouble) as error:
            uploads.put(session, place, io.BytesIO(b"12345"), 5)
        assert runs.viewer(session).entity == "team"
        session.close()
    assert error.value.host == "files.invalid"
    assert '"files.invalid" (port 9000)' in error.value.todo
    assert not isinstance(error.value, failures.ServerTrouble)


def test_a_host_for_files_that_forbids_is_about_the_file_only() -> None:
    with RawServer(lambda request: reply(403, b"AccessDenied")) as storage:
        session = opened("http://127.0.0.1:9")
        with pytest.raises(failures.UploadRefused):
            uploads.put(session, uploads.UploadPlace("a", storage.url + "/a", {}), io.BytesIO(b"1"), 1)
        session.close()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422])
def test_no_refusal_is_ever_taken_for_success(status: int) -> None:
    with RawServer(lambda request: reply(status, b'{"data": {}}')) as server:
        session = opened(server.url)
        with pytest.raises(AppError):
            file_stream.post(session, RUN, StreamRequest(lines=[Lines("history", 0, ["{}"])]))
        session.close()


def test_the_pace_that_a_server_tells_is_kept() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    assert pace.take() == 0
    pace.note(200, {"RateLimit-Remaining": "4", "RateLimit-Reset": "8"})
    assert pace.gap == pytest.approx(2)
    waits = [pace.take() for _ in range(3)]
    assert waits == pytest.approx([0, 2, 4])
    now[0] += 9
    assert pace.gap == 0


def test_nothing_left_is_waited_for_by_the_loop() -> None:
    def answer(request: bytes) -> bytes:
        return reply(200, VIEWER, "RateLimit-Remaining: 0", "RateLimit-Reset: 30")

    with RawServer(answer) as server:
        session = opened(server.url)
        runs.viewer(session)
        runs.viewer(session)
        error = caught(session, failures.SlowDown)
        session.close()
    assert isinstance(error, TemporaryError)
    assert error.retry_after == pytest.approx(30, abs=2)
    assert len(server.requests) == 2


def test_after_a_429_it_goes_on_more_slowly_and_recovers() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.note(429, {})
    assert pace.gap == pytest.approx(0.33)
    pace.note(429, {})
    assert pace.gap == pytest.approx(0.66)
    for _ in range(20):
        pace.note(200, {})
    assert pace.gap == 0


def test_uploads_keep_below_the_limit() -> None:
    size = 200_000
    with RawServer(lambda request: reply(200)) as storage:
        session = opened("http://127.0.0.1:9", bandwidth=Bandwidth(400_000))
        started = time.monotonic()
        place = uploads.UploadPlace("a", storage.url + "/a", {})
        uploads.put(session, place, io.BytesIO(b"x" * size), size)
        took = time.monotonic() - started
        session.close()
    assert storage.requests[0].endswith(b"x" * size)
    assert took == pytest.approx(size / 400_000, abs=0.3)


@pytest.mark.parametrize("is_same_host", [True, False])
def test_a_sign_in_page_that_swallows_an_upload_is_no_success(is_same_host: bool) -> None:
    """It says 200, and the file is nowhere: sent again later, never called sent."""
    with RawServer(lambda request: PORTAL) as network:
        session = opened(network.url if is_same_host else "http://127.0.0.1:9")
        with pytest.raises(failures.Portal if is_same_host else failures.UploadHostTrouble):
            uploads.put(session, uploads.UploadPlace("a", network.url + "/a", {}), io.BytesIO(b"x"), 1)
        session.close()


def test_file_hosts_may_call_their_empty_answer_a_web_page() -> None:
    with RawServer(lambda request: reply(200, b"", "Content-Type: text/html; charset=UTF-8")) as storage:
        session = opened("http://127.0.0.1:9")
        uploads.put(session, uploads.UploadPlace("a", storage.url + "/a", {}), io.BytesIO(b"x"), 1)
        session.close()

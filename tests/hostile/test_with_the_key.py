"""What a client with the key can send (a broken one, or a hostile run that it carries): each costs little."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from runferry.server.patterns import PatternRefusedError, Patterns
from runferry.server.serving import LocalServer
from server_rig import Client


@pytest.fixture
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    server = LocalServer(tmp_path_factory.mktemp("served"))
    server.start()
    made = Client(server)
    made.upsert("r1")
    yield made
    made.session.close()
    server.stop()


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 15


def refused(client: Client, query: str, **variables: Any) -> str:
    """The words in which a document is refused."""
    reply = client.graphql(query, **variables)
    assert reply["errors"]
    return str(reply["errors"][0]["message"])


RUNS = 'query R($f: JSONString) { project(name: "p") { runs(filters: $f) { edges { node { name } } } } }'


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(.*)*\\d", "(?:a|aa)+$", "(a+)+\\1b", "((a{1,60000}){1,60000}){1,60000}b"]
)
def test_a_regular_expression_that_takes_centuries(client: Client, pattern: str) -> None:
    for name in ("r1", "r2", "r3"):
        client.upsert(name, displayName="a" * 5000 + "!")
    began = time.monotonic()
    said = refused(client, RUNS, f=json.dumps({"display_name": {"$regex": pattern}}))
    assert "takes too long" in said
    assert (
        time.monotonic() - began < 60
    )  # for all runs together; a second on a quiet machine, and years without a limit


@pytest.mark.parametrize("pattern", ["(", "a{999999999999}", "(" * 900 + ")" * 900, "a" * 5000, "["])
def test_what_is_no_regular_expression(client: Client, pattern: str) -> None:
    assert "regular expression" in refused(client, RUNS, f=json.dumps({"display_name": {"$regex": pattern}}))


def test_all_searches_of_a_request_share_their_time() -> None:
    patterns = Patterns(0.2)
    assert patterns.found("^a(?!c).*é$", "abé")
    with pytest.raises(PatternRefusedError):
        patterns.found("(a+)+$", "a" * 5000 + "!")
    with pytest.raises(PatternRefusedError):
        patterns.found("(a+)+$", "a" * 5000 + "!")


def test_a_pattern_of_file_names_that_backtracks(client: Client) -> None:
    client.session.put(client.upload_url("a" * 150), b"x")
    found = client.run(f'files(pattern: "{"%a" * 70}b") {{ edges {{ node {{ name }} }} }}')
    assert found["files"]["edges"] == []
    (edge,) = client.run('files(pattern: "%aaa_") { edges { node { name } } }')["files"]["edges"]
    assert edge["node"]["name"] == "a" * 150


def test_a_name_in_a_filter_with_many_parts(client: Client) -> None:
    assert "too many" in refused(client, RUNS, f=json.dumps({"config." + "a." * 100_000: 1}))


def test_200_000_members_of_gzip(client: Client) -> None:
    url = f"{client.server.url}/files/local/p/r1/file_stream"
    body = gzip.compress(b" ") * 200_000
    assert client.session.post(url, data=body, headers={"Content-Encoding": "gzip"}).status_code == 400
    body = gzip.compress(b'{"files": ') + gzip.compress(b"{}}")
    assert client.session.post(url, data=body, headers={"Content-Encoding": "gzip"}).status_code == 200


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize("levels", [500, 900, 1020, 5000, 100_000])
def test_a_deep_summary_and_row_cost_themselves(client: Client, levels: int) -> None:
    files = {
        "wandb-summary.json": {"offset": 0, "content": [deep(levels)]},
        "wandb-history.jsonl": {"offset": 0, "content": ['{"b": ' + deep(levels) + "}", '{"_step":1,"c":2}']},
        "wandb-events.jsonl": {"offset": 0, "content": ['{"b": ' + deep(levels) + "}"]},
    }  # fmt: skip
    assert client.post({"files": files}).status_code == 200
    client.upsert("r2", displayName="other")
    for filters in ({"summary_metrics.a": {"$gt": 0}}, {"display_name": "other"}, {"summary_metrics.a": {"b": 1}}):
        assert "errors" not in client.graphql(RUNS, f=json.dumps(filters))
    assert client.run("historyLineCount")["historyLineCount"] == 2
    assert "c" in client.run("historyKeys")["historyKeys"]["keys"]
    for field in ("systemMetrics", "summaryMetrics", "history", "historyTail", "events"):
        client.run(field)
    assert client.run(f"sampledHistory(specs: [{json.dumps(json.dumps({'keys': ['c']}))}])")["sampledHistory"] == [
        [{"c": 2}]
    ]
    assert client.session.get(client.server.url + "/local/p/runs/r1").status_code == 200


@pytest.mark.parametrize("levels", [250, 900, 100_000])
def test_a_deep_config_is_refused_in_words(client: Client, levels: int) -> None:
    query = "mutation U($i: UpsertBucketInput!) { upsertBucket(input: $i) { inserted } }"
    said = refused(client, query, i={"name": "r1", "modelName": "p", "config": deep(levels)})
    assert "config" in said
    client.upsert("r1", config=deep(190))
    assert client.session.get(client.server.url + "/local/p/runs/r1").status_code == 200


def test_a_deep_body(client: Client) -> None:
    for path in ("/graphql", "/files/local/p/r1/file_stream", "/once"):
        assert client.session.post(client.server.url + path, data=deep(100_000)).status_code in (400, 413)


DEEP = "{a" * 3000 + "}" * 3000


@pytest.mark.parametrize(
    "document",
    [
        DEEP,
        "{" + "viewer { defaultEntity " * 400 + "{ id }" + "}" * 401,
        "query($x: " + "[" * 3000 + "Int" + "]" * 3000 + ") { viewer { id } }",
        '{ project(name: "p") { runs(first: ' + "[" * 3000 + "]" * 3000 + ") { totalCount } } }",
        "{ viewer { id " + "id " * 5000 + "} }",
        "{" + " ".join(f"a{number}: viewer {{ id }}" for number in range(500)) + "}",
        "{ viewer { " + "... on User { " * 300 + "id" + "}" * 300 + " } }",
        "{ viewer { ...f } } fragment f on User { ...f id }",
        "{ viewer { ...f } } fragment f on User { ...g } fragment g on User { ...f }",
        "{ viewer { ...f0 } }"
        + "".join(f" fragment f{n} on User {{ ...f{n + 1} ...f{n + 1} id }}" for n in range(60))
        + " fragment f60 on User { id }",
        "{ viewer { id } } # " + "x" * 300_000,
        "{ viewer { id @skip(if: true) " + "@include(if: true) " * 3000 + "} }",
    ],
    ids=["deep", "deep and known", "deep type", "deep value", "repeats", "aliases", "inline fragments", "itself",
         "each other", "doubling", "long", "directives"],
)  # fmt: skip
def test_a_document_without_measure_is_refused_in_words(client: Client, document: str) -> None:
    began = time.monotonic()
    assert "internal" not in refused(client, document)
    assert time.monotonic() - began < 5


def test_an_answer_without_measure(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from runferry.server import views

    monkeypatch.setattr(views.Budget.__init__, "__defaults__", (50, 60.0))
    for number in range(20):
        client.server.store.ensure_run("local", "p", f"n{number}")
    assert "too large" in refused(client, '{ project(name: "p") { runs { edges { node { name id tags } } } } }')


@pytest.mark.parametrize(
    "spec", ["[" * 100_000, '{"minStep": NaN, "keys": []}', '{"maxStep": "x"}', '{"maxStep": 1e300}']
)
def test_a_spec_that_is_none(client: Client, spec: str) -> None:
    said = refused(client, 'query($s: [JSONString!]!) { project(name: "p") { run(name: "r1") { sampledHistory(specs: $s) } } }', s=[spec])  # noqa: E501 # fmt: skip
    assert "internal" not in said


@pytest.mark.parametrize("code", [2**31, -(2**40), 10**300])
def test_a_huge_exit_code(client: Client, code: int) -> None:
    assert client.post({"complete": True, "exitcode": code}).status_code == 200
    assert client.run("exitcode state") == {"exitcode": 1, "state": "failed"}

"""GraphQL: the language works, nulls clear nothing, limits hold, mistakes are told and not leaked."""

from __future__ import annotations

import json

import pytest

from runferry.server import resolvers_projects
from server_rig import Client


def test_aliases_fragments_and_selection(client: Client) -> None:
    client.upsert(displayName="shown")
    data = client.ask(
        'query Q($yes: Boolean!) { a: project(name: "p") { one: run(name: "r1") { ...F }'
        ' two: run(name: "no") { id } } }'
        " fragment F on Run { title: displayName notes @include(if: $yes) __typename }",
        yes=False,
    )
    assert data == {"a": {"one": {"title": "shown", "__typename": "Run"}, "two": None}}


@pytest.mark.parametrize(
    "query", ["{ nothing }", "query {", "mutation { makeCoffee }", "subscription { x }", "{ viewer { secret } }", ""]
)
def test_what_is_unknown_is_an_error_with_status_200(client: Client, query: str) -> None:
    reply = client.graphql(query)
    assert reply["data"] is None
    assert reply["errors"][0]["message"]


def test_limits(client: Client) -> None:
    deep = '{ project(name: "p") ' + '{ run(name: "r") { project ' * 15 + "{ id }" + " } }" * 15 + " }"
    assert "too large" in client.graphql(deep)["errors"][0]["message"]
    wide = "{ " + " ".join(f"a{number}: viewer {{ id name email }}" for number in range(1000)) + " }"
    assert "too large" in client.graphql(wide)["errors"][0]["message"]
    bomb = "".join(f"fragment F{one} on User {{ ...F{one + 1} ...F{one + 1} }} " for one in range(20))
    reply = client.graphql("{ viewer { ...F0 } } " + bomb + "fragment F20 on User { id }")
    assert "too large" in reply["errors"][0]["message"]
    circle = client.graphql("{ viewer { ...A } } fragment A on User { ...A }")
    assert "errors" in circle
    assert "errors" in client.graphql("{ a }" * 20_000)


def test_a_newer_client_may_send_fields_that_are_unknown_here(client: Client) -> None:
    assert client.upsert(fieldOfTheFuture={"a": 1})["inserted"] is True


def test_the_body_must_be_a_request(client: Client) -> None:
    url = client.server.url + "/graphql"
    for body in ("", "[]", "{}", '{"query": 1}', '{"query": "{viewer{id}}", "variables": []}'):
        status = client.session.post(url, data=body).status_code
        assert status == (200 if body.endswith("[]}") else 400)


def test_a_fault_of_ours_says_nothing_about_the_inside(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(resolvers_projects.Root, "models", broken)
    reply = client.graphql("{ models { edges { node { id } } } }")
    assert reply["errors"][0]["message"] == "internal error"
    assert "secret" not in json.dumps(reply)


# Runs


def test_upsert_by_name_by_id_and_with_defaults(client: Client) -> None:
    made = client.upsert(
        "r1", None, entityName="", displayName="one", notes="n", tags=["t"], config='{"a":{"value":1}}'
    )
    assert made["inserted"] is True
    assert made["bucket"]["project"] == {"name": "uncategorized", "entity": {"name": "local"}}
    again = client.upsert("r1", "uncategorized", displayName=None, notes=None, tags=None, config=None, state=None)
    assert again["inserted"] is False
    assert again["bucket"] == made["bucket"]
    by_id = client.upsert(None, None, id=made["bucket"]["id"], notes="new", summaryMetrics='{"x":NaN}')
    assert by_id["bucket"] == {**made["bucket"], "notes": "new", "summaryMetrics": '{"x":NaN}'}


def test_an_unknown_id_makes_nothing(client: Client) -> None:
    query = 'mutation U($id: String) { upsertBucket(input: {id: $id, notes: "x"}) { bucket { id } } }'
    for identifier in ("nonsense", "UnVuOnYxOng6eTp6"):
        assert "errors" in client.graphql(query, id=identifier)
    assert client.ask("{ models { edges { node { name } } } }") == {"models": {"edges": []}}


RESUME = (
    'query RunResumeStatus($name: String!) { model(name: "p") { bucket(name: $name, missingOk: true) { historyLineCount'
    ' eventsLineCount logLineCount historyTail eventsTail summaryMetrics config wandbConfig(keys: ["t"]) } } }'
)


def test_resume_state(client: Client) -> None:
    assert client.ask(RESUME, name="r1") == {"model": None}
    client.upsert(config='{"_wandb":{"value":{"t":{"1":[5]},"m":[]}},"a":{"value":NaN}}')
    assert client.ask(RESUME, name="other")["model"]["bucket"] is None
    client.post({"files": {"wandb-events.jsonl": {"offset": 0, "content": ['{"_runtime":3}']}}})
    state = client.ask(RESUME, name="r1")["model"]["bucket"]
    assert json.loads(state["wandbConfig"]) == {"t": {"1": [5]}}
    assert (state["historyLineCount"], state["eventsLineCount"], state["logLineCount"]) == (0, 1, 0)
    assert json.loads(state["historyTail"]) == []
    assert json.loads(state["eventsTail"]) == ['{"_runtime":3}']
    assert state["summaryMetrics"] == "{}"


def fill(client: Client) -> None:
    rows = [
        json.dumps({"_step": one, "loss": 1 / (one + 1), "n": {"x": one}, "bad": float("nan")}) for one in range(2000)
    ]
    client.post({"files": {"wandb-history.jsonl": {"offset": 0, "content": rows}}})


def test_history_by_samples_steps_and_keys(client: Client) -> None:
    client.upsert()
    fill(client)
    samples = [json.loads(one)["_step"] for one in client.run("history(samples: 11)")["history"]]
    assert (samples[0], samples[-1], len(samples)) == (0, 1999, 11)
    page = client.run("history(minStep: 1000, maxStep: 1010, samples: 10)")["history"]
    assert [json.loads(one)["_step"] for one in page] == list(range(1000, 1010))
    spec = json.dumps({"keys": ["_step", "n.x", "bad"], "minStep": 5, "maxStep": 7, "samples": 2})
    query = 'query S($s: [JSONString!]!) { project(name: "p") { run(name: "r1") { sampledHistory(specs: $s) } } }'
    rows = client.ask(query, s=[spec])["project"]["run"]["sampledHistory"]
    assert rows == [[{"_step": one, "n.x": one, "bad": "NaN"} for one in (5, 6)]]
    none = json.dumps({"keys": ["nothing"], "samples": 5})
    assert client.ask(query, s=[none])["project"]["run"]["sampledHistory"] == [[]]
    keys = client.run("historyKeys")["historyKeys"]
    assert keys["keys"]["n.x"] == {"typeCounts": [{"type": "number", "count": 2000}]}
    assert keys["lastStep"] == 1999


def test_rows_out_of_order_or_without_a_step_are_all_reached(client: Client) -> None:
    client.upsert()
    rows = [
        '{"_step":5}',
        '{"_step":1,"n":{"_step":99}}',
        '{"a":"\\"_step\\":77"}',
        '{"_step":1}',
        "no json",
        '{"_step":5}',
    ]
    client.post({"files": {"wandb-history.jsonl": {"offset": 0, "content": rows}}})
    last = client.run("historyKeys")["historyKeys"]["lastStep"]
    found = [
        row
        for step in range(last + 1)
        for row in client.run(f"history(minStep: {step}, maxStep: {step + 1})")["history"]
    ]
    assert sorted(found) == sorted(rows)


FILTERED = (
    'query Runs($f: JSONString, $o: String) { project(name: "p") { runCount(filters: $f)'
    " runs(filters: $f, order: $o, first: 2) { edges { node { name } cursor } pageInfo { hasNextPage endCursor } } } }"
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"a", "b", "c"}),
        ({"config.lr": 0.1}, {"a"}),
        ({"config.lr.value": {"$gt": 0.1}}, {"b"}),
        ({"summary_metrics.acc": {"$gte": 1}}, {"b", "c"}),
        ({"$or": [{"state": "failed"}, {"displayName": "A run"}]}, {"a", "c"}),
        ({"display_name": {"$regex": "^A"}}, {"a"}),
        ({"tags": {"$in": ["x"]}}, {"a", "b"}),
        ({"tags": "y"}, {"b"}),
        ({"$and": [{"state": {"$ne": "failed"}}, {"$not": {"tags": "y"}}]}, {"a"}),
        ({"config.lr": {"$exists": False}}, {"c"}),
        ({"jobType": {"$nin": ["train"]}}, {"b", "c"}),
    ],
)
def test_filters(client: Client, filters: object, expected: set[str]) -> None:
    client.upsert("a", displayName="A run", tags=["x"], config='{"lr":{"value":0.1}}', jobType="train")
    client.upsert("b", tags=["x", "y"], config='{"lr":{"value":0.5}}', summaryMetrics='{"acc":1}')
    client.upsert("c", summaryMetrics='{"acc":2}', state="failed")
    project = client.ask(FILTERED, f=json.dumps(filters), o="+name")["project"]
    assert project["runCount"] == len(expected)
    assert {one["node"]["name"] for one in project["runs"]["edges"]} == set(sorted(expected)[:2])
    assert project["runs"]["pageInfo"]["hasNextPage"] == (len(expected) > 2)


@pytest.mark.parametrize("filters", ["{", "[]", '{"$where": 1}', '{"a": {"$evil": 1}}', '{"name": {"$regex": "("}}'])
def test_filters_that_are_not_understood_are_refused(client: Client, filters: str) -> None:
    client.upsert("a")
    assert "errors" in client.graphql(FILTERED, f=filters, o=None)


def test_orders(client: Client) -> None:
    for name, acc in (("a", 3), ("b", 1), ("c", 2)):
        client.upsert(name, summaryMetrics=json.dumps({"acc": acc}))
    client.upsert("d")

    def names(order: str) -> list[str]:
        query = 'query R($o: String) { project(name: "p") { runs(order: $o, first: 9) { edges { node { name } } } } }'
        return [one["node"]["name"] for one in client.ask(query, o=order)["project"]["runs"]["edges"]]

    assert names("-summary_metrics.acc") == ["a", "c", "b", "d"]
    assert names("+summary_metrics.acc") == ["b", "c", "a", "d"]
    assert names("-name") == ["d", "c", "b", "a"]


def test_delete(client: Client) -> None:
    identifier = client.upsert()["bucket"]["id"]
    client.ask("mutation D($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }", id=identifier)
    assert client.ask('{ project(name: "p") { run(name: "r1") { id } } }') == {"project": {"run": None}}
    assert client.post({}).status_code == 404
    assert client.upsert()["inserted"] is True
    assert client.post({}).status_code == 200


def test_alerts_are_kept(client: Client) -> None:
    client.upsert()
    query = (
        'mutation A { notifyScriptableRunAlert(input: {projectName: "p", runName: "r1", title: "t", text: "x",'
        " severity: WARN, waitDuration: 60000}) { success } }"
    )
    client.ask(query)
    folder = client.server.store.run("local", "p", "r1")
    assert folder is not None
    assert [(one["title"], one["level"], one["wait_ms"]) for one in folder.alerts()] == [("t", "WARN", 60000)]

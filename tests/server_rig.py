"""What tests of the local server use: a clock that stands still, and a client that speaks as W&B's does."""

from __future__ import annotations

import json
import threading
from typing import Any

import requests

from runferry.server.serving import LocalServer


class FixedClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, timeout: float) -> bool:
        return event.wait(timeout)


class Client:
    """Speaks to a running server as a W&B client does."""

    def __init__(self, server: LocalServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = ("api", server.key)

    def graphql(self, query: str, **variables: Any) -> Any:
        reply = self.session.post(self.server.url + "/graphql", json={"query": query, "variables": variables})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def ask(self, query: str, **variables: Any) -> Any:
        reply = self.graphql(query, **variables)
        assert "errors" not in reply, reply["errors"]
        return reply["data"]

    def upsert(self, name: str = "r1", project: str | None = "p", **fields: Any) -> Any:
        query = (
            "mutation Up($input: UpsertBucketInput!) { upsertBucket(input: $input) { inserted bucket {"
            " id name displayName notes tags config state historyLineCount summaryMetrics"
            " project { name entity { name } } } } }"
        )
        return self.ask(query, input={"name": name, "modelName": project, **fields})["upsertBucket"]

    def post(self, body: Any, run: str = "r1", project: str = "p") -> requests.Response:
        url = f"{self.server.url}/files/local/{project}/{run}/file_stream"
        return self.session.post(url, data=json.dumps(body))

    def run(self, fields: str, run: str = "r1", project: str = "p") -> Any:
        query = f"query R($p: String!, $r: String!) {{ project(name: $p) {{ run(name: $r) {{ {fields} }} }} }}"
        return self.ask(query, p=project, r=run)["project"]["run"]

    def upload_url(self, name: str, run: str = "r1", project: str = "p") -> str:
        query = (
            "mutation F($p: String!, $r: String!, $f: [String!]!) { createRunFiles(input: {projectName: $p,"
            " runName: $r, files: $f}) { runID uploadHeaders files { name uploadUrl } } }"
        )
        files = self.ask(query, p=project, r=run, f=[name])["createRunFiles"]["files"]
        return str(files[0]["uploadUrl"])

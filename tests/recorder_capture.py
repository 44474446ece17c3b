"""A W&B server that answers the least that `wandb sync` needs, and keeps what was sent. For tests of what we wrote."""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Captured:
    """What arrived: lines per streamed file, uploaded files, GraphQL operations with their variables."""

    def __init__(self) -> None:
        self.url = ""
        self.lines: dict[str, dict[int, str]] = {}
        self.files: dict[str, bytes] = {}
        self.operations: list[tuple[str, dict[str, Any]]] = []
        self.exit_code: int | None = None
        self.complete = False

    def stream(self, sent: dict[str, Any]) -> None:
        """Take one file_stream request."""
        for name, piece in (sent.get("files") or {}).items():
            lines = self.lines.setdefault(name, {})
            for at, line in enumerate(piece["content"]):
                lines[piece["offset"] + at] = line
        if sent.get("complete"):
            self.complete = True
            self.exit_code = sent.get("exitcode")

    def rows(self, name: str = "wandb-history.jsonl") -> list[dict[str, Any]]:
        """Rows of a streamed file, in order."""
        return [json.loads(line) for _, line in sorted(self.lines.get(name, {}).items())]

    @property
    def summary(self) -> dict[str, Any]:
        """The last summary sent."""
        return json.loads(self.lines["wandb-summary.json"][0])

    def variables(self, operation: str) -> list[dict[str, Any]]:
        """The variables of each call of an operation."""
        return [variables for name, variables in self.operations if name == operation]

    @property
    def config(self) -> dict[str, Any]:
        """The last config sent."""
        found = [one["config"] for one in self.variables("UpsertBucket") if one.get("config")]
        return json.loads(found[-1])


def _answer(captured: Captured, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
    if operation == "UpsertBucket":
        project = {"id": "P", "name": variables.get("project") or "uncategorized", "entity": {"id": "E", "name": "me"}}
        bucket = {
            "id": "B",
            "name": variables["name"],
            "displayName": variables.get("displayName") or variables["name"],
            "description": "",
            "config": "{}",
            "sweepName": None,
            "project": project,
            "historyLineCount": 0,
        }
        return {"data": {"upsertBucket": {"bucket": bucket, "inserted": True}}}
    if operation == "CreateRunFiles":
        files = [{"name": name, "uploadUrl": f"{captured.url}/put/{name}"} for name in variables["files"]]
        return {"data": {"createRunFiles": {"runID": "B", "uploadHeaders": [], "files": files}}}
    if operation == "ServerFeaturesQuery":
        return {"data": {"serverInfo": {"features": []}}}
    if operation == "NotifyScriptableRunAlert":
        return {"data": {"notifyScriptableRunAlert": {"success": True}}}
    if operation == "RunResumeStatus":
        return {"data": {"model": {"id": "P", "name": "p", "entity": {"id": "E", "name": "me"}, "bucket": None}}}
    return {"data": None, "errors": [{"message": f"unknown operation {operation}"}]}


class _Server(ThreadingHTTPServer):
    captured: Captured

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that closes its connections when it ends is no error; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(parts)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _reply(self, answer: Any, status: int = 200) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.server.captured.files[self.path.removeprefix("/put/")] = self._body()
        self._reply({})

    def do_POST(self) -> None:
        body = self._body()
        captured = self.server.captured
        if self.path == "/graphql":
            asked = json.loads(body)
            name = asked.get("operationName") or asked["query"].split("(")[0].split("{")[0].split()[-1]
            variables = asked.get("variables") or {}
            captured.operations.append((name, variables))
            self._reply(_answer(captured, name, variables))
        elif self.path.endswith("/file_stream"):
            captured.stream(json.loads(body))
            self._reply({})
        else:
            self._reply({}, 404)


@contextmanager
def capture_server() -> Iterator[Captured]:
    """A server on loopback, and what it captures."""
    captured = Captured()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.captured = captured
    captured.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, name="capture-server")
    thread.start()
    try:
        yield captured
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

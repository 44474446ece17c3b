"""A proxy before a real server that loses or changes what a test names, and acknowledges it all the same."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

# Gets method, path and body; gives the body to hand on, or None to acknowledge without handing on.
Tamper = Callable[[str, str, bytes], "bytes | None"]


class DroppingProxy:
    """Listens on loopback while the `with` block runs. `tampered`: how often something was lost or changed."""

    def __init__(self, server_url: str, tamper: Tamper) -> None:
        self.tampered = 0
        self._target = urlsplit(server_url).netloc
        self._tamper = tamper
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                proxy.handle(self)

            do_POST = do_PUT = do_GET

            def log_message(self, format: str, *arguments: Any) -> None:
                """Nothing: the tests look at what arrived."""

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._httpd.daemon_threads = False
        self._thread = threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._httpd.server_port}"

    def __enter__(self) -> DroppingProxy:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        changed = self._tamper(request.command, request.path, body)
        if changed != body:
            self.tampered += 1
        status, kind, answer = (200, "application/json", b"{}") if changed is None else self._forward(request, changed)
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, str, bytes]:
        own = urlsplit(self.url).netloc
        kept = {
            name: value.replace(own, self._target)
            for name, value in request.headers.items()
            if name.lower() not in ("host", "content-length", "connection", "accept-encoding")
        }
        connection = http.client.HTTPConnection(self._target, timeout=30)
        try:
            connection.request(request.command, request.path, body, {**kept, "Host": self._target})
            reply = connection.getresponse()
            content = reply.read().replace(self._target.encode(), own.encode())  # upload places lead through here too
            return reply.status, reply.getheader("Content-Type") or "", content
        finally:
            connection.close()


def in_stream(change: Callable[[dict[str, Any]], None]) -> Tamper:
    """Changes the bodies of file stream requests."""

    def tamper(method: str, path: str, body: bytes) -> bytes | None:
        if not path.endswith("/file_stream"):
            return body
        told = json.loads(body)
        change(told)
        changed = json.dumps(told).encode()
        return body if json.loads(body) == json.loads(changed) else changed

    return tamper

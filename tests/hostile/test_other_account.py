"""Another account of this computer and the pages of our local server: a real process of account `nobody`.

It may connect, as loopback is everybody's; it must not read, whatever it does with its sockets, nor with what it sees
of ours: links in a command line, cookies that a browser sent to its port.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

if sys.platform != "win32":
    import pwd

from runferry.remote.one_time import one_time_link
from runferry.server.serving import LocalServer

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="needs a second account (run as root)",
)

ASK = """
import json, os, socket, sys
told = json.loads(sys.argv[1])
os.setgroups([])
os.setgid(told["group"])
os.setuid(told["user"])  # after the imports: the interpreter may lie where only root can read
host, port = told["host"], told["port"]

def ask(client, header, half_close=False):
    head = f"GET {told['path']} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nConnection: close\\r\\n"
    client.sendall(f"{head}{header}\\r\\n".encode())
    if half_close:
        client.shutdown(socket.SHUT_WR)
    said = b""
    while more := client.recv(65536):
        said += more
    return int(said.split(b" ", 2)[1]) if said else 0, said.decode("latin-1")

def connected(source=None):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if source:
        client.bind(source)
    client.connect((host, port))
    return client

answers = []
if told["how"] == "plain":
    answers.append(ask(connected(), told.get("header", "")))
if told["how"] == "half-closed":
    answers.append(ask(connected(), "", True))
if told["how"] == "beside a connection in TIME_WAIT":
    # From the same port to the same port of other loopback addresses, which this account listens on itself: which of
    # the two connections stands first in the table depends on the addresses.
    for number in range(2, 42):
        with socket.create_server((f"127.0.0.{number}", port)) as own:
            first = socket.socket()
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            first.bind(("127.0.0.1", 0))
            source = first.getsockname()
            first.connect(own.getsockname())
            other, _ = own.accept()
            first.close()
            other.recv(1)
            other.close()
            answers.append(ask(connected(source), ""))
print(json.dumps(answers))
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[LocalServer]:
    server = LocalServer(tmp_path / "store")
    server.start()
    server.store.ensure_run("local", "secret-project", "r1")
    yield server
    server.stop()


def as_nobody(served: LocalServer, how: str, path: str = "/", **told: Any) -> list[tuple[int, str]]:
    """What another account is answered: status and everything else."""
    nobody = pwd.getpwnam("nobody")
    asked = {"host": "127.0.0.1", "port": served.port, "path": path, "how": how, **told}
    asked |= {"user": nobody.pw_uid, "group": nobody.pw_gid}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ASK, json.dumps(asked)],
        cwd="/", capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [(one[0], one[1]) for one in json.loads(done.stdout)]


@pytest.mark.parametrize("how", ["plain", "half-closed", "beside a connection in TIME_WAIT"])
def test_another_account_sees_no_page(served: LocalServer, how: str) -> None:
    answers = as_nobody(served, how)
    assert answers
    for status, said in answers:
        assert status in (401, 0)  # 0: the server hung up
        assert "secret-project" not in said


def test_this_account_sees_it_without_the_key(served: LocalServer) -> None:
    assert "secret-project" in requests.get(served.url, timeout=10).text


def test_a_link_that_another_account_read_in_our_command_line(served: LocalServer) -> None:
    link = one_time_link(served.url, served.key, "/local/secret-project")
    assert link is not None
    ((status, said),) = as_nobody(served, "plain", link.removeprefix(served.url))
    assert status == 403
    assert "set-cookie" not in said.lower()
    assert requests.get(link, timeout=10).status_code == 200  # it is still good for us, once
    assert requests.get(link, timeout=10).status_code == 403


def test_a_cookie_that_a_browser_sent_to_another_accounts_port(served: LocalServer) -> None:
    """Browsers do not tell ports apart."""
    reply = requests.post(
        f"{served.url}/sign-in", {"key": served.key}, headers={"Origin": served.url}, allow_redirects=False, timeout=10
    )
    cookie = reply.headers["set-cookie"].partition(";")[0]
    forwarded = {"Cookie": cookie, "Via": "1.1 a proxy"}  # so that the connection alone does not open it
    assert requests.get(served.url, headers=forwarded, timeout=10).status_code == 200
    ((status, said),) = as_nobody(served, "plain", header=f"Cookie: {cookie}\r\n")
    assert status == 401
    assert "secret-project" not in said


def test_another_account_that_was_given_the_key_is_let_in(served: LocalServer) -> None:
    with socket.create_connection(("127.0.0.1", served.port)):
        ((status, _),) = as_nobody(served, "plain", header=f"Authorization: Bearer {served.key}\r\n")
    assert status == 200

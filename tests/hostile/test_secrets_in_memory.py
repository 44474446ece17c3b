"""Keys are in the memory of a process that sends; neither a crash nor a text about an object lets them out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runferry.engine.local_server import Running
from runferry.remote.proxies import ProxyChoice
from runferry.remote.tunnel import Proxy
from runferry.sync.destination import Server
from support.sessions import KEY, open_session


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no core files")
def test_a_crash_writes_no_memory_to_the_disk(tmp_path: Path) -> None:
    """The local server and other children inherit the limit."""
    code = (
        "import resource, subprocess, sys\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_CORE)\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))\n"
        "from runferry.cli.home import prepare\n"
        "prepare()\n"
        "ask = 'import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])'\n"
        "print(subprocess.run([sys.executable, '-c', ask], capture_output=True, text=True).stdout)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "0", done.stderr


def test_no_object_shows_its_key() -> None:
    with open_session("http://127.0.0.1:9") as session:
        shown = [
            repr(session),
            repr(Server("http://a", "a", "http://a", KEY)),
            repr(Running("http://a", "store", KEY)),
            repr(Proxy(f"http://me:{KEY}@a:1", "the settings")),
            repr(ProxyChoice("manual", "http://a", "me", KEY)),
        ]
    assert KEY not in "\n".join(shown)

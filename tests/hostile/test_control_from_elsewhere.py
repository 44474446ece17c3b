"""The owner's door: another account does not get in, and does not get a command by standing where the door was."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.control import ControlClient, ControlServer, Reply, Request, door
from runferry.control.messages import MAX_REQUEST
from runferry.errors import TemporaryError
from runferry.paths import Home, find_home

if sys.platform == "win32":
    pytest.skip("Unix sockets", allow_module_level=True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home({"RUNFERRY_HOME": str(tmp_path / "home")})


@pytest.fixture
def asked(home: Home) -> Iterator[list[str]]:
    """What the owner was asked."""
    commands: list[str] = []

    def handler(request: Request, reply: Reply) -> int:
        commands.append(request.command)
        reply.done(0)
        return 0

    server = ControlServer(home, handler)
    server.start()
    yield commands
    server.stop()


def told(home: Home) -> dict[str, str]:
    found: dict[str, str] = json.loads(door.address_file(home).read_text())
    return found


def ask(home: Home) -> int | None:
    client = ControlClient.connect(home, 2)
    if client is None:
        return None
    with client:
        return client.request("status").code


def test_the_folder_the_socket_and_the_key_are_private(home: Home, asked: list[str]) -> None:
    where = Path(told(home)["address"])
    assert where.parent.stat().st_mode & 0o777 == 0o700
    assert door.address_file(home).stat().st_mode & 0o777 == 0o600
    assert home.state.stat().st_mode & 0o077 == 0
    assert ask(home) == 0
    assert asked == ["status"]


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="the system does not tell who is there")
def test_another_account_is_turned_away_even_where_it_reaches_the_socket(
    home: Home, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root a real other account tries it; else the owner is made to believe that it is another one itself."""
    where = Path(told(home)["address"])
    if os.getuid() == 0:
        where.parent.chmod(0o755)
        where.chmod(0o777)
        code = (
            "import os, socket; os.setuid(65534); s = socket.socket(socket.AF_UNIX); s.settimeout(5);"
            f" s.connect({str(where)!r}); print(s.recv(10))"
        )
        done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=20)
        assert done.stdout.strip() == "b''"
        where.parent.chmod(0o700)
    else:
        mine = os.getuid()
        monkeypatch.setattr(door.os, "getuid", lambda: mine + 1)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(where))
            assert client.recv(10) == b""
        monkeypatch.undo()
    assert ask(home) == 0


def impostor(home: Home, folder: Path) -> socket.socket:
    """Listens where control.json says the owner does."""
    folder.mkdir(mode=0o700, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "control"))
    listener.listen(1)
    home.state.mkdir(parents=True, mode=0o700, exist_ok=True)
    door.publish(home, str(folder / "control"))
    return listener


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o770])
def test_a_folder_that_others_may_enter_is_not_believed(home: Home, tmp_path: Path, mode: int) -> None:
    with impostor(home, tmp_path / "runferry-x") as listener:
        (tmp_path / "runferry-x").chmod(mode)
        assert ask(home) is None
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_link_in_the_place_of_the_folder_is_not_followed(home: Home, tmp_path: Path) -> None:
    with impostor(home, tmp_path / "real"):
        (tmp_path / "link").symlink_to(tmp_path / "real")
        door.publish(home, str(tmp_path / "link" / "control"))
        assert ask(home) is None


@pytest.mark.parametrize("kind", ["pipe", "link", "huge", "deep", "list", "folder"])
def test_an_address_file_that_is_none(home: Home, tmp_path: Path, kind: str) -> None:
    path = door.address_file(home)
    path.parent.mkdir(parents=True, mode=0o700)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "elsewhere").write_text(json.dumps({"address": "/tmp/x/control", "key": "00" * 32}))
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(8 << 30)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_text("[" * 3000 if kind == "deep" else "[1]")
    began = time.monotonic()
    assert door.find(home) is None
    assert time.monotonic() - began < 2


def test_a_message_without_end_and_one_that_never_comes(home: Home, asked: list[str]) -> None:
    """Of this account, with the key: it costs its own connection, and nobody else's."""
    address = door.find(home)
    assert address is not None
    long = door.knock(address, 2)
    silent = door.knock(address, 2)
    os.write(long.fileno(), struct.pack("!i", 0x7FFFFFFF) + b"x" * 1000)
    assert ask(home) == 0
    door.set_timeout(long, 5)
    os.read(long.fileno(), 4)  # an answer or the end; never a hang
    long.close()
    silent.close()
    assert ask(home) == 0
    assert MAX_REQUEST < 0x7FFFFFFF


def test_an_owner_that_takes_the_call_and_is_silent(home: Home, tmp_path: Path) -> None:
    with impostor(home, tmp_path / "runferry-x") as listener:
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: held.append(listener.accept()[0]))
        thread.start()
        with pytest.raises(TemporaryError):
            ControlClient.connect(home, 0.3)
        thread.join(5)
        held[0].close()

"""Whose connection it is, by the kernel's table."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from runferry.server.neighbours import is_own_connection

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def table(path: Path, uid: int, local: str = "0100007F:C350") -> Path:
    path.write_text(f"{HEAD}   0: {local} 0100007F:2116 01 00000000:00000000 00:00000000 00000000 {uid} 0 1 1\n")
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such table")
def test_a_real_connection_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert is_own_connection(client.getsockname(), port)
            assert not is_own_connection(client.getsockname(), port + 1)


def test_somebody_elses_connection(tmp_path: Path) -> None:
    client = ("127.0.0.1", 0xC350)
    assert not is_own_connection(client, 8470, (table(tmp_path / "tcp", os.getuid() + 4711),))
    assert is_own_connection(client, 8470, (table(tmp_path / "tcp", os.getuid()),))
    assert not is_own_connection(("127.0.0.2", 0xC350), 8470, (table(tmp_path / "tcp", os.getuid()),))


def test_version_6_addresses(tmp_path: Path) -> None:
    own = table(tmp_path / "tcp6", os.getuid(), "00000000000000000000000001000000:C350")
    assert is_own_connection(("::1", 0xC350), 8470, (own,))
    mapped = table(tmp_path / "mapped", os.getuid(), "0000000000000000FFFF00000100007F:C350")
    assert is_own_connection(("127.0.0.1", 0xC350), 8470, (mapped,))


def test_without_a_table_the_address_has_to_do(tmp_path: Path) -> None:
    assert is_own_connection(("127.0.0.1", 1), 2, (tmp_path / "missing",))

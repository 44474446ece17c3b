"""Whose connection it is, by the kernel's table."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from runferry.server.neighbours import UNPROVEN, UNTOLD, is_this_account, owner_of

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
CLIENT, SERVER = ("127.0.0.1", 0xC350), ("127.0.0.1", 0x2116)
ESTABLISHED, TIME_WAIT, CLOSE_WAIT = "01", "06", "08"


def row(uid: int, local: str = "0100007F:C350", remote: str = "0100007F:2116", state: str = ESTABLISHED) -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {uid} 0 1 1\n"


def table(path: Path, *rows: str) -> tuple[Path]:
    path.write_text(HEAD + "".join(rows))
    return (path,)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such table")
@pytest.mark.parametrize(
    ("family", "host", "bound"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET, "127.0.0.9", "0.0.0.0"),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET6, "::ffff:127.0.0.1", "::"),
    ],
)
def test_a_real_connection_of_ours(family: socket.AddressFamily, host: str, bound: str) -> None:
    with socket.socket(family) as listener, socket.socket(family) as client:
        listener.bind((bound, 0))
        listener.listen()
        client.connect((host, listener.getsockname()[1]))
        accepted, peer = listener.accept()
        with accepted:
            ends = peer[:2], accepted.getsockname()[:2]
            assert owner_of(*ends) == str(os.geteuid())
            assert owner_of(ends[0], (ends[1][0], ends[1][1] + 1)) == UNPROVEN
            client.shutdown(socket.SHUT_WR)
            assert owner_of(*ends) == UNPROVEN


def test_all_four_numbers_have_to_agree(tmp_path: Path) -> None:
    own = table(tmp_path / "tcp", row(os.geteuid()))
    assert owner_of(CLIENT, SERVER, own) == str(os.geteuid())
    for client, server in (
        (("127.0.0.2", CLIENT[1]), SERVER),
        ((CLIENT[0], 1), SERVER),
        (CLIENT, ("127.0.0.2", SERVER[1])),
        (CLIENT, (SERVER[0], 1)),
    ):
        assert owner_of(client, server, own) == UNPROVEN


def test_another_connection_in_time_wait_is_not_taken_for_it(tmp_path: Path) -> None:
    """The kernel shows root as its owner; it went to another address of the same port."""
    rows = row(0, remote="0500007F:2116", state=TIME_WAIT), row(4711)
    assert owner_of(CLIENT, SERVER, table(tmp_path / "tcp", *rows)) == "4711"


@pytest.mark.parametrize("state", [TIME_WAIT, CLOSE_WAIT, "04", "05"])
def test_only_an_established_connection_proves_anything(tmp_path: Path, state: str) -> None:
    owner = owner_of(CLIENT, SERVER, table(tmp_path / "tcp", row(os.geteuid(), state=state)))
    assert owner == UNPROVEN
    assert not is_this_account(owner)


def test_version_6_addresses(tmp_path: Path) -> None:
    loopback = "00000000000000000000000001000000"
    own = table(tmp_path / "tcp6", row(1, f"{loopback}:C350", f"{loopback}:2116"))
    assert owner_of(("::1", 0xC350), ("::1", 0x2116), own) == "1"
    assert owner_of(("::1%lo", 0xC350), ("::1", 0x2116), own) == "1"
    mapped = "0000000000000000FFFF00000100007F"
    assert owner_of(CLIENT, SERVER, table(tmp_path / "mapped", row(2, f"{mapped}:C350", f"{mapped}:2116"))) == "2"
    assert owner_of(("::ffff:127.0.0.1", 0xC350), SERVER, table(tmp_path / "tcp", row(3))) == "3"


def test_where_the_system_does_not_tell(tmp_path: Path) -> None:
    assert owner_of(CLIENT, SERVER, (tmp_path / "missing",)) == UNTOLD
    assert owner_of(("192.0.2.1", 1), ("192.0.2.2", 2), table(tmp_path / "tcp")) == UNTOLD
    assert not is_this_account(UNTOLD)


@pytest.mark.skipif(sys.platform == "win32", reason="needs accounts with numbers")
def test_root_is_not_everybody_and_the_number_of_strangers_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert is_this_account("1000")
    assert not is_this_account("0")
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    assert not is_this_account("65534")  # of a container: everybody whom it does not know

"""Only regular files are opened, and nothing waits."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from runferry.regular_files import NotRegular, open_below, open_regular, read_regular


def test_a_regular_file_is_read_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to("a")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"content"
    assert read_regular(tmp_path / "a", 7) == b"content"


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name in ("pipe", "folder", "to-device", "socket"):
            with pytest.raises(NotRegular):
                open_regular(tmp_path / name)
    with pytest.raises(NotRegular):
        open_below(tmp_path, "pipe")


def test_below_a_folder_no_link_is_followed(tmp_path: Path) -> None:
    inside = tmp_path / "run"
    (inside / "deep").mkdir(parents=True)
    (inside / "deep" / "a").write_bytes(b"a")
    (tmp_path / "secret").write_bytes(b"secret")
    (inside / "file-link").symlink_to(tmp_path / "secret")
    (inside / "folder-link").symlink_to(tmp_path)
    (tmp_path / "run-link").symlink_to(inside)
    with open_below(tmp_path / "run-link", "deep/a") as file:  # the folder's own links were chosen by a person
        assert file.read() == b"a"
    for name in ("file-link", "folder-link/secret", "../secret", str(tmp_path / "secret"), "", "deep"):
        with pytest.raises(NotRegular):
            open_below(inside, name)
    with pytest.raises(FileNotFoundError):
        open_below(inside, "deep/none")


def test_a_file_that_should_be_small_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 100)
    with pytest.raises(OSError, match="larger than 10 bytes"):
        read_regular(tmp_path / "large", 10)


def test_refusing_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(NotRegular):
            open_below(tmp_path, "folder")
    assert len(os.listdir("/proc/self/fd")) == before

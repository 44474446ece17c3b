"""Only regular files are opened, and nothing waits."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

from runferry import regular_files
from runferry.regular_files import NotRegular, is_link, open_below, open_real, open_regular, read_regular


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


def test_without_walking_by_steps_it_is_looked_at_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, whose links and junctions are told by the same attribute of what `lstat` finds."""
    monkeypatch.setattr(regular_files, "_BY_STEPS", False)
    (tmp_path / "run" / "deep").mkdir(parents=True)
    (tmp_path / "run" / "deep" / "a").write_bytes(b"a")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a").write_bytes(b"secret")
    (tmp_path / "run" / "link").symlink_to(tmp_path / "secret")
    with open_below(tmp_path / "run", "deep/a") as file:
        assert file.read() == b"a"
    with pytest.raises(NotRegular):
        open_below(tmp_path / "run", "link/a")

    def swapped(path: Path) -> BinaryIO:
        (tmp_path / "run" / "deep").rename(tmp_path / "aside")
        (tmp_path / "run" / "deep").symlink_to(tmp_path / "secret")
        file = open_regular(path)
        (tmp_path / "run" / "deep").unlink()
        (tmp_path / "aside").rename(tmp_path / "run" / "deep")
        return file

    monkeypatch.setattr(regular_files, "open_regular", swapped)
    with pytest.raises(NotRegular, match="replaced while it was opened"):
        open_below(tmp_path / "run", "deep/a")


def test_what_is_a_link_on_windows() -> None:
    """What `lstat` finds there; no such system is at hand."""
    symlink, junction, cloud = 0xA000000C, 0xA0000003, 0x9000001A
    told = {
        tag: SimpleNamespace(st_mode=0o100644, st_file_attributes=0x420, st_reparse_tag=tag)
        for tag in (symlink, junction, cloud)
    }
    assert {tag: is_link(one) for tag, one in told.items()} == {symlink: True, junction: True, cloud: False}  # type: ignore[arg-type]


def test_folders_that_may_only_be_passed_through(tmp_path: Path) -> None:
    """Homes of others on a cluster cannot be listed. Root may list everything, so this shows it where tests are not."""
    (tmp_path / "home" / "me").mkdir(parents=True)
    (tmp_path / "home" / "me" / "a").write_bytes(b"a")
    (tmp_path / "home").chmod(0o311)
    try:
        with open_real(tmp_path / "home" / "me" / "a") as file:
            assert file.read() == b"a"
    finally:
        (tmp_path / "home").chmod(0o755)

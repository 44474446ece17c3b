"""Network drives, told from the table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from runferry.watch.filesystems import network_kind

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /data/nfs nfs4 rw 0 0
/dev/sdb1 /data/nfs/local xfs rw 0 0
//server/share /data/with\\040blank cifs rw 0 0
me@host: /data/ssh fuse.sshfs rw 0 0
/dev/sdc1 /data/over ext4 rw 0 0
server:/over /data/over lustre rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data", ""),
        ("/data/nfs", "nfs4"),
        ("/data/nfs/a/b", "nfs4"),
        ("/data/nfsx", ""),
        ("/data/nfs/local/x", ""),
        ("/data/with blank/x", "cifs"),
        ("/data/ssh/x", "fuse.sshfs"),
        ("/data/over", "lustre"),
    ],
)
def test_kinds(tmp_path: Path, path: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_kind(Path(path), mounts) == kind


def test_through_a_link_and_without_a_table(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {tmp_path.resolve()}/remote nfs rw 0 0\n")
    (tmp_path / "remote").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "remote")
    assert network_kind(tmp_path / "link" / "runs", mounts) == "nfs"
    assert network_kind(tmp_path, tmp_path / "none") == ""

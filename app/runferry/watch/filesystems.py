"""Tells network file systems, where the system reports no changes that other machines make."""

from __future__ import annotations

import os
import re
from pathlib import Path

NETWORK = frozenset(
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "lustre", "gpfs", "beegfs", "beegfs_nodev", "ceph",
     "glusterfs", "orangefs", "pvfs2", "panfs", "wekafs", "ncpfs", "davfs", "drvfs", "vboxsf", "prl_fs", "virtiofs"]
)  # fmt: skip
MOUNTS = Path("/proc/self/mounts")


def network_kind(path: Path, mounts: Path = MOUNTS) -> str:
    """The kind of network file system that holds a path, like ``nfs4``; empty for a local one, or where unknown."""
    real = os.path.realpath(path)
    if real.startswith("\\\\"):
        return "network share"
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # Blanks in a mount point are written as \040; of several mounts on one point the last is in force.
        point = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind if kind in NETWORK or kind.startswith("fuse.") else ""

"""Whether a server has a run's artifacts: committed, with the same digest, and every file of them. Its answers only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runferry.errors import PermanentError
from runferry.formats.entries import Artifact
from runferry.remote import artifacts
from runferry.remote.artifacts import COMMITTED
from runferry.remote.session import Session
from runferry.remote.uploads import RemoteFile
from runferry.state.deliverables import SentArtifact
from runferry.sync.artifact_manifest import hex_of, read_manifest, read_no_file


@dataclass(frozen=True)
class ExpectedArtifact:
    """A version that the server took. `files`: size and base64 MD5 by name; None where the list is gone."""

    name: str
    id: str
    digest: str
    files: Mapping[str, tuple[int, str]] | None


def expected(
    logged: Iterable[Artifact],
    sent: Mapping[int, SentArtifact],
    open_file: Callable[[Path], BinaryIO] = read_no_file,
) -> list[ExpectedArtifact]:
    """What the server must have, by what it acknowledged; each version once. open_file: see `read_manifest`."""
    found: dict[str, ExpectedArtifact] = {}
    for one in logged:
        known = sent.get(one.index)
        if known is None or known.state != COMMITTED or known.artifact_id in found:
            continue
        try:
            entries = read_manifest(one.message.manifest, open_file).entries
            files = {each.path: (each.size, each.digest) for each in entries if not each.ref}
        except PermanentError:
            files = None
        found[known.artifact_id] = ExpectedArtifact(one.name, known.artifact_id, one.message.digest, files)
    return list(found.values())


def unsent(logged: Iterable[Artifact], sent: Mapping[int, SentArtifact]) -> int:
    """How many of the log's artifacts the server has not acknowledged."""
    return sum(one.index not in sent or sent[one.index].state != COMMITTED for one in logged)


def differences(session: Session, wanted: Iterable[ExpectedArtifact]) -> list[str]:
    """What the server does not have as it was sent, in words. Raises AppError when the server cannot say."""
    wrong = []
    for one in wanted:
        remote, files = artifacts.content(session, one.id)
        if remote is None or remote.state != COMMITTED:
            wrong.append(f"artifact {one.name} is not on the server (any more)")
        elif remote.digest != one.digest:
            wrong.append(f"artifact {one.name} has another digest on the server")
        else:
            missing = [name for name, sent in (one.files or {}).items() if not _is_there(sent, files.get(name))]
            if missing:
                wrong.append(f"artifact {one.name}: {len(missing)} files are not there as sent, {missing[0]!r} first")
    return wrong


def _is_there(sent: tuple[int, str], found: RemoteFile | None) -> bool:
    size, digest = sent
    return found is not None and found.size == size and found.md5 in ("", digest, hex_of(digest))

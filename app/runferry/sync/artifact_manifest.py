"""The manifest of an artifact: what the log says is in it, and the file that servers keep of that."""

from __future__ import annotations

import base64
import binascii
import errno
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from runferry.errors import PermanentError
from runferry.regular_files import NotRegular

CLIENT_REFERENCE = "wandb-client-artifact://"
LONGEST_LINE = 16 << 20  # characters about one file
LARGEST = 1 << 30  # and about all of them


@dataclass
class Entry:
    """One path in an artifact.

    `digest`: base64 MD5 of the content; of a reference whatever its storage gives. `size`: bytes. `ref`: a reference,
    whose content is not uploaded. `local_path`: where the content was when the artifact was logged. `birth`: the id
    of the artifact that the content came with; `extra`: values for readers of the reference.
    """

    path: str
    digest: str
    size: int = 0
    ref: str = ""
    local_path: str = ""
    birth: str = ""
    skip_cache: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_uploaded(self) -> bool:
        """Whether its content comes from this computer."""
        return bool(self.local_path) and not self.ref

    def as_json(self) -> dict[str, Any]:
        """As manifests have it. The local path stays here: nobody needs it, and it tells of this computer."""
        told: dict[str, Any] = {"digest": self.digest, "size": self.size, "skip_cache": self.skip_cache}
        if self.ref:
            told["ref"] = self.ref
        if self.birth:
            told["birthArtifactID"] = self.birth
        if self.extra:
            told["extra"] = self.extra
        return told


@dataclass
class Manifest:
    """All of an artifact. `config`: of the storage policy."""

    version: int
    policy: str
    config: dict[str, Any]
    entries: list[Entry]

    def encode(self) -> bytes:
        """The manifest's file: the same bytes for the same content."""
        contents = {one.path: one.as_json() for one in sorted(self.entries, key=lambda one: one.path)}
        told = {
            "version": self.version,
            "storagePolicy": self.policy,
            "storagePolicyConfig": self.config,
            "contents": contents,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def read_no_file(path: Path) -> BinaryIO:
    """For whoever may open no file that a log names."""
    raise NotRegular(errno.EPERM, "it may not be read", str(path))


def read_manifest(message: Any, open_file: Callable[[Path], BinaryIO] = read_no_file) -> Manifest:
    """From the log's message `ArtifactManifest`. Raises PermanentError when its entries lie in a file that is gone.

    open_file: opens a file that the log names by its path, if it may be read; raises OSError.
    """
    config = {one.key: _value(one.value_json) for one in message.storage_policy_config}
    if message.manifest_file_path:
        entries = list(_from_file(Path(message.manifest_file_path), open_file))
        config = config or {"storageLayout": "V2"}
    else:
        entries = [_entry(one) for one in message.contents]
    return Manifest(message.version or 1, message.storage_policy or "wandb-storage-policy-v1", config, entries)


def hex_of(digest: str) -> str:
    """A base64 MD5 in hexadecimal; empty when it is none."""
    try:
        raw = base64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == 16 else ""


def _entry(one: Any) -> Entry:
    return Entry(
        path=one.path,
        digest=one.digest,
        size=one.size,
        ref=one.ref,
        local_path=one.local_path,
        birth=one.birth_artifact_id,
        skip_cache=one.skip_cache,
        extra={each.key: _value(each.value_json) for each in one.extra},
    )


def _from_file(path: Path, open_file: Callable[[Path], BinaryIO]) -> Iterator[Entry]:
    """Entries of a huge manifest: gzip, one JSON object per line."""
    try:
        with open_file(path) as file, gzip.open(file, "rt", encoding="utf-8") as lines:
            told = 0
            while line := lines.readline(LONGEST_LINE):
                told += len(line)
                if told > LARGEST:
                    raise ValueError("too long")
                one = json.loads(line)
                yield Entry(
                    path=str(one["path"]),
                    digest=str(one.get("digest") or ""),
                    size=int(one.get("size") or 0),
                    ref=str(one.get("ref") or ""),
                    local_path=str(one.get("local_path") or ""),
                    birth=str(one.get("birthArtifactID") or one.get("birth_artifact_id") or ""),
                    skip_cache=bool(one.get("skip_cache")),
                    extra=one.get("extra") or {},
                )
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be read"
        raise PermanentError(
            "artifact-manifest-gone",
            "The list of an artifact's files cannot be read",
            f"{path}: {why}.",
            "Bring the file back, and sync again.",
            error,
        ) from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

"""What is known about one artifact version: the content of its JSON file in the store. Frozen values only."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from dataclasses import dataclass
from typing import Any

from runferry.server.record import opaque

PENDING = "PENDING"
COMMITTED = "COMMITTED"
DELETED = "DELETED"


@dataclass(frozen=True)
class ArtifactRecord:
    """`version` is None until the artifact is committed; `size` in bytes; times in seconds since the epoch.

    `run`: name of the run that logged it, in the same project. `used_by`: ``entity/project/run`` of its users.
    `wanted_aliases` become `aliases` on commit. `metadata`: JSON text.
    """

    id: str
    entity: str
    project: str
    collection: str
    type: str
    digest: str
    created: float
    updated: float
    state: str = PENDING
    version: int | None = None
    digest_algorithm: str = "MANIFEST_MD5"
    description: str | None = None
    metadata: str | None = None
    wanted_aliases: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    client_id: str | None = None
    sequence_client_id: str | None = None
    run: str | None = None
    history_step: int | None = None
    size: int = 0
    file_count: int = 0
    used_by: tuple[str, ...] = ()
    manifest_digest: str | None = None

    @property
    def manifest_id(self) -> str:
        """The id of its one manifest."""
        return opaque("ArtifactManifest", self.id)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> ArtifactRecord:
        """The inverse; unknown keys are left out. Raises TypeError or KeyError for what is no record."""
        names = {one.name for one in dataclasses.fields(cls)}
        known: dict[str, Any] = {
            key: tuple(one) if isinstance(one, list) else one for key, one in value.items() if key in names
        }
        return cls(**known)


class DigestRefusedError(ValueError):
    """Text that is no base64 MD5."""


def hex_of(digest: str) -> str:
    """A base64 MD5, as W&B writes it, in hex. Raises `DigestRefusedError`."""
    try:
        raw = base64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DigestRefusedError("not base64") from error
    if len(raw) != 16:
        raise DigestRefusedError("not an MD5")
    return raw.hex()


def base64_of(hexadecimal: str) -> str:
    """The inverse of `hex_of`."""
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()

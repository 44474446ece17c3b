"""What a local server holds, read from its plain files by nobody of ours: the proof of a sync."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LEGACY_LINE = re.compile(r"(ERROR )?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+ (.*)", re.DOTALL)


@dataclass(frozen=True)
class Stored:
    """One run. Non-finite numbers are texts, so that they can be compared. `console`: (is stderr, text) per line."""

    folder: Path
    record: dict[str, Any]
    config: dict[str, Any]
    rows: list[dict[str, Any]]
    events: list[dict[str, Any]]
    summary: dict[str, Any]
    console: list[tuple[bool, str]]
    files: dict[str, bytes]
    alerts: list[dict[str, Any]]

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}


def parse(text: str) -> Any:
    """JSON with NaN and infinities as texts."""
    return json.loads(text, parse_constant=lambda name: {"non-finite": name})


def exists(data: Path, run_id: str, project: str = "parity", entity: str = "local") -> bool:
    """Whether the store has the run."""
    return (data / "runs" / entity / project / run_id / "run.json").exists()


def row_lines(data: Path, run_id: str, project: str = "parity", entity: str = "local") -> list[str]:
    """The complete history lines at this moment."""
    path = data / "runs" / entity / project / run_id / "wandb-history.jsonl"
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def read(data: Path, run_id: str, project: str = "parity", entity: str = "local") -> Stored:
    """Read a run from the server's folder."""
    folder = data / "runs" / entity / project / run_id
    record = parse((folder / "run.json").read_text(encoding="utf-8"))
    files = folder / "files"
    summary = folder / "wandb-summary.json"
    return Stored(
        folder=folder,
        record=record,
        config={key: one["value"] for key, one in record["config"].items()},
        rows=[parse(one) for one in _lines(folder / "wandb-history.jsonl")],
        events=[parse(one) for one in _lines(folder / "wandb-events.jsonl")],
        summary=parse(summary.read_text(encoding="utf-8")) if summary.exists() else {},
        console=[console_line(one) for one in _lines(folder / "output.log")],
        files={one.relative_to(files).as_posix(): one.read_bytes() for one in files.rglob("*") if one.is_file()},
        alerts=[parse(one) for one in _lines(folder / "alerts.jsonl")],
    )


@dataclass(frozen=True)
class StoredArtifact:
    """One committed version, without what differs from upload to upload (ids, times, the digest of the manifest).

    `files`: contents by path; `references`: address, digest and size by path.
    """

    collection: str
    version: int
    type: str
    digest: str
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    description: str | None
    metadata: str | None
    client_id: str | None
    run: str | None
    files: dict[str, bytes]
    references: dict[str, tuple[str, str, int]]
    policy: tuple[str, dict[str, Any]]


def artifacts(data: Path, project: str = "parity", entity: str = "local") -> list[StoredArtifact]:
    """The committed versions of a project, by collection and version."""
    found = []
    for path in (data / "artifacts" / entity / project).glob("*/*.json"):
        record = {} if path.name.endswith(".manifest.json") else json.loads(path.read_text(encoding="utf-8"))
        if record.get("state") == "COMMITTED":
            found.append(_artifact(data, record, path.with_name(path.stem + ".manifest.json")))
    return sorted(found, key=lambda one: (one.collection, one.version))


def base64_md5(content: bytes) -> str:
    """A digest as manifests write it."""
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def _artifact(data: Path, record: dict[str, Any], manifest: Path) -> StoredArtifact:
    told = json.loads(manifest.read_text(encoding="utf-8"))
    files, references = {}, {}
    for name, one in told["contents"].items():
        if one.get("ref"):
            inner = re.sub(r"^wandb-artifact://[0-9a-f]+/", "wandb-artifact://ID/", one["ref"])
            references[name] = (inner, one["digest"], one.get("size", 0))
        else:
            md5 = base64.b64decode(one["digest"]).hex()
            content = (data / "blobs" / md5[:2] / md5).read_bytes()
            assert (hashlib.md5(content).hexdigest(), len(content)) == (md5, one["size"])
            files[name] = content
    return StoredArtifact(
        **{key: record[key] for key in ("collection", "version", "type", "digest", "description", "metadata")},
        **{key: record[key] for key in ("client_id", "run")},
        aliases=tuple(sorted(record["aliases"])),
        tags=tuple(record["tags"]),
        files=files,
        references=references,
        policy=(told["storagePolicy"], told["storagePolicyConfig"]),
    )


def runs_of(data: Path) -> list[str]:
    """Ids of all runs in the store."""
    return sorted(one.parent.name for one in (data / "runs").glob("*/*/*/run.json"))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def console_line(line: str) -> tuple[bool, str]:
    """A console line without its time: when it was uploaded, which no two syncs share."""
    if line.startswith("{"):
        told = json.loads(line)
        assert set(told) <= {"level", "ts", "content", "label"}, line
        return told.get("level") == "error", told["content"]
    found = _LEGACY_LINE.fullmatch(line)
    assert found is not None or not line, line
    return (bool(found[1]), found[2]) if found else (False, "")

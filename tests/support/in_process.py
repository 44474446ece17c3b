"""A local server and an engine in this process, and logs made record by record: quick enough for hundreds of runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.paths import Home
from runferry.server.serving import LocalServer
from runferry.settings import Settings
from runferry.status import RunStatus
from runferry.wire.encoding import encode
from runferry.wire.framing import FILE_HEADER, chunks

PATIENCE = 60.0


@dataclass
class Carrier:
    """An engine and the server that it sends to. `data`: the server's store."""

    engine: Engine
    server: LocalServer
    data: Path

    def sync(self, *paths: Path, url: str = "", **words: Any) -> list[RunStatus]:
        """Sync to the end, as `runferry sync` does; the outcome in the order of the paths."""
        job = self.engine.sync(SyncRequest(tuple(paths), url or self.server.url, **words))
        deadline = time.monotonic() + PATIENCE
        while (found := job.outcome()) is None:
            assert time.monotonic() < deadline, [one.state for one in job.statuses()]
            job.changed.wait(0.05)
            job.changed.clear()
        self.engine.finish(job)
        return found


@contextmanager
def carrying(place: Path, name: str = "home") -> Iterator[Carrier]:
    """Server and engine for the block; another `name` is another computer with the same server's store."""
    data = place / "store"
    data.mkdir(parents=True, exist_ok=True)
    server = LocalServer(data)
    server.start()
    try:
        with engine_for(server, place / name) as engine:
            yield Carrier(engine, server, data)
    finally:
        server.stop()


@contextmanager
def engine_for(server: LocalServer, root: Path) -> Iterator[Engine]:
    """An engine with a state of its own."""
    home = Home(config=root, state=root / "state", logs=root / "logs", store=root / "store")
    environ = {"WANDB_API_KEY": server.key, "WANDB_BASE_URL": server.url}
    with Engine(home, Settings.load(home.settings_file, environ), environ) as engine:
        yield engine


Record = Mapping[str, Any]


def log_of(records: Iterable[Record | bytes]) -> bytes:
    """A log of these records, numbered; bytes are taken as a record as they are."""
    content = bytearray(FILE_HEADER)
    for number, record in enumerate(records, 1):
        payload = record if isinstance(record, bytes) else encode("Record", {"num": number, **record})
        content += chunks(payload, len(content))
    return bytes(content)


def put_log(top: Path, run_id: str, content: bytes, started: str = "20260101_000000") -> Path:
    """A run folder that holds this log, as an offline run of the official client."""
    folder = top / f"offline-run-{started}-{run_id}"
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / f"run-{run_id}.wandb").write_bytes(content)
    return folder


def item(key: str | tuple[str, ...], text: str) -> Record:
    """One item of a row, a summary or a config; `text`: JSON."""
    return {"key": key, "value_json": text} if isinstance(key, str) else {"nested_key": key, "value_json": text}

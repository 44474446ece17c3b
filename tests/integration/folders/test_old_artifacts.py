"""Artifacts in the logs of every generation of the official client, 0.10 to 0.31: delivered where their content is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from support import stores
from support.folders import load, logs, put
from support.processes import Server, runferry

PROJECT = "fixtures"


def table(newer: bool) -> bytes:
    """The table that the fixtures' training logged, as its clients staged it; 0.22 and later write one key more."""
    numbers = {"params": {"allowed_types": [{"wb_type": "none"}, {"wb_type": "number"}]}, "wb_type": "union"}
    texts = {"params": {"allowed_types": [{"wb_type": "none"}, {"wb_type": "string"}]}, "wb_type": "union"}
    types = {"params": {"type_map": {"id": numbers, "score": numbers, "text": texts}}, "wb_type": "typedDict"}
    value = {
        "_type": "table", "column_types": types, "columns": ["id", "text", "score"],
        "data": [[number, f"row {number} ☃", number / 3.0] for number in range(5)],
        **({"log_mode": "IMMUTABLE"} if newer else {}), "ncols": 3, "nrows": 5,
    }  # fmt: skip
    return json.dumps(value).encode()


def test_tables_of_every_generation(server: Server, work: Path) -> None:
    contents = {table(newer=False), table(newer=True)}
    for content in contents:  # the clients' staging folders are gone; the copies in their cache are not
        name = hashlib.md5(content).hexdigest()
        place = work / "cache" / "artifacts" / "obj" / "md5" / name[:2] / name[2:]
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
    packed = logs("runs.tar.xz")
    truths = {name: one for name, one in load("runs-truth.json.xz").items() if name.endswith("-base-0")}
    for name, truth in truths.items():
        put(work / "wandb", truth, packed[name])
    versions = {truth["wandb_version"].split(".")[1] for truth in truths.values() if truth["artifacts"]}
    assert {"10", "12", "13", "16", "18", "19", "31"} <= versions
    environ = {**server.environ, "WANDB_CACHE_DIR": str(work / "cache")}
    done = runferry("sync", work / "wandb", "--json", **environ)
    assert done.code == 0, done.out + done.err
    assert {one["state"] for one in done.objects} == {"verified"}
    assert sum(one["artifacts_sent"] for one in done.objects) == sum(len(one["artifacts"]) for one in truths.values())
    stored = stores.artifacts(server.data, PROJECT)
    wanted = sorted((one["name"], one["type"]) for truth in truths.values() for one in truth["artifacts"])
    assert [(one.collection, one.type) for one in stored] == wanted
    for one in stored:
        (content,) = one.files.values()
        assert content in contents
        assert (one.version, one.aliases, list(one.files)) == (0, ("latest",), ["table.table.json"])
        assert (
            one.digest
            == hashlib.md5(
                f"wandb-artifact-manifest-v1\ntable.table.json:{stores.base64_md5(content)}\n".encode()
            ).hexdigest()
        )

"""The file stream: rows, system metrics, summary and console of a run, with signs of life and its end.

Lines are opaque here: they are put at their offsets as they come, and are with the operating system before the answer
is sent. Runs in worker threads; the event loop only receives bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from runferry.server.bodies import RefusedError, disk_refusal
from runferry.server.lines import OffsetRefusedError
from runferry.server.names import NameRefusedError
from runferry.server.record import State, ended
from runferry.server.run_folder import RunFolder
from runferry.server.store import Store


def take_post(store: Store, entity: str, project: str, name: str, body: bytes) -> dict[str, Any]:
    """Do what one POST says and return the answer. Raises `RefusedError`; what was written before stays written."""
    request = _parse(body)
    folder = store.run(entity, project, name)
    if folder is None:
        raise RefusedError(404, "there is no such run here: it was deleted, or never created")
    streams = _streams(request.get("files"))
    try:
        with folder.lock:
            if folder.deleted:
                raise RefusedError(404, "the run was deleted")
            for stream, (offset, content) in streams.items():
                folder.write_lines(stream, offset, content)
            folder.beat(store.clock.time())
            _follow_state(store, folder, request)
    except (OffsetRefusedError, NameRefusedError) as error:
        raise RefusedError(400, str(error)) from error
    except OSError as error:
        raise disk_refusal(error) from error
    record = folder.record
    answer: dict[str, Any] = {"exitcode": record.exit_code, "limits": {}}
    if record.stop_requested and record.state is State.RUNNING:
        answer["stopped"] = True
    return answer


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            request = json.loads(body)  # halves of surrogate pairs, NaN
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, "the body is no JSON") from error
    if not isinstance(request, dict):
        raise RefusedError(400, "the body is no JSON object")
    return request


def _streams(files: object) -> dict[str, tuple[int, list[str]]]:
    if files is None:
        return {}
    if not isinstance(files, Mapping):
        raise RefusedError(400, "`files` is no object")
    streams = {}
    for name, chunk in files.items():
        offset = chunk.get("offset", 0) if isinstance(chunk, Mapping) else None
        content = chunk.get("content") if isinstance(chunk, Mapping) else None
        if not isinstance(offset, int) or not isinstance(content, list):
            raise RefusedError(400, f"`files[{name!r}]` needs a number `offset` and a list `content`")
        if not all(isinstance(line, str) for line in content):
            raise RefusedError(400, f"`files[{name!r}].content` holds something that is not text")
        streams[name] = (offset, content)
    return streams


def _follow_state(store: Store, folder: RunFolder, request: Mapping[str, Any]) -> None:
    record = folder.record
    if request.get("complete") is True:
        code = request.get("exitcode")
        code = code if isinstance(code, (int, float)) else 0
        code = int(code) if -(2**31) <= code < 2**31 else 1  # systems and GraphQL know no larger ones
        store.change_run(folder, state=ended(code, record.stop_requested), exit_code=code)
    elif request.get("preempting") is True:
        store.change_run(folder, state=State.PREEMPTING)
    elif record.state is not State.RUNNING and (request.get("files") or not request):
        # A resumed run shows that it lives by what it sends; late `uploaded` notes do not wake a finished one.
        store.change_run(folder, state=State.RUNNING, exit_code=None, stop_requested=False)

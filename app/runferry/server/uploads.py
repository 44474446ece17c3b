"""Files in and out: signed addresses for uploads and downloads, and run files under the key.

A file appears under its name only when all of it is here: it is received into the store's `tmp/` and then moved.
What people uploaded is never shown by a browser as part of this site.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from runferry.server.artifact_record import hex_of
from runferry.server.bodies import Received, RefusedError, disk_refusal, receive_file
from runferry.server.durable import move_in
from runferry.server.names import NameRefusedError
from runferry.server.store import Store
from runferry.server.tokens import Signer

RUN_FILE = "run-file"
BLOB = "blob"
MANIFEST = "manifest"


class Uploads:
    """The handlers; `signer` made the addresses."""

    def __init__(self, store: Store, signer: Signer) -> None:
        self._store = store
        self._signer = signer

    async def put(self, request: Request) -> Response:
        """PUT to a signed address."""
        parts = self._signer.check(request.path_params["token"], "PUT")
        if parts is None:
            raise RefusedError(403, "the upload address is not valid (any more)")
        request.state.is_signed = True
        received = await receive_file(request, self._store.temporary())
        try:
            claimed = request.headers.get("content-md5")
            if claimed is not None and claimed != received.md5_base64:
                raise RefusedError(400, "the content does not have the MD5 that was announced")
            async with self._store.commits.answering():
                await run_in_threadpool(self._keep, parts, received)
        except OSError as error:
            raise disk_refusal(error) from error
        finally:
            received.path.unlink(missing_ok=True)
        return Response(headers={"ETag": f'"{received.md5}"'})

    def _keep(self, parts: list[str], received: Received) -> None:
        kind, *names = parts
        if kind == RUN_FILE:
            self._keep_run_file(received, *names)
        elif kind == BLOB:
            if received.md5 != names[0]:
                raise RefusedError(400, "the content does not have the MD5 that was announced")
            move_in(received.path, self._store.artifacts.blob(names[0]), self._store.commits)
        elif kind == MANIFEST:
            self._keep_manifest(received, names[0])
        else:
            raise RefusedError(400, "nothing is uploaded under such an address")

    def _keep_run_file(self, received: Received, entity: str, project: str, run: str, name: str) -> None:
        folder = self._store.run(entity, project, run)
        if folder is None:
            raise RefusedError(404, "the run was deleted")
        try:
            path = folder.adopt(name, received.path)
        except (NotADirectoryError, IsADirectoryError, FileExistsError) as error:
            raise RefusedError(409, "a file and a folder cannot have the same name") from error
        except NameRefusedError as error:
            raise RefusedError(400, str(error)) from error
        self._store.remember_md5(path, received.md5_base64)

    def _keep_manifest(self, received: Received, identifier: str) -> None:
        record = self._store.artifacts.get(identifier)
        if record is None:
            raise RefusedError(404, "the artifact was deleted")
        if record.manifest_digest and hex_of(record.manifest_digest) != received.md5:
            raise RefusedError(400, "the manifest does not have the digest that was announced")
        move_in(received.path, self._store.artifacts.manifest_file(record), self._store.commits)

    async def get(self, request: Request) -> Response:
        """GET from a signed address."""
        parts = self._signer.check(request.path_params["token"], "GET")
        if parts is None:
            return _missing()
        request.state.is_signed = True
        kind, *names = parts
        if kind == RUN_FILE:
            return await run_in_threadpool(self._run_file, *names)
        if kind == BLOB:
            return _send(self._store.artifacts.blob(names[0]), names[1])
        record = self._store.artifacts.get(names[0]) if kind == MANIFEST else None
        return _send(self._store.artifacts.manifest_file(record), "wandb_manifest.json") if record else _missing()

    async def get_run_file(self, request: Request) -> Response:
        """GET of a run's file by its name, with the key."""
        place = request.path_params
        return await run_in_threadpool(self._run_file, place["entity"], place["project"], place["run"], place["name"])

    def _run_file(self, entity: str, project: str, run: str, name: str) -> Response:
        folder = self._store.run(entity, project, run)
        try:
            stored = folder.file(name) if folder else None
        except NameRefusedError:
            stored = None
        return _send(stored.path, name.rpartition("/")[2]) if stored else _missing()


def _send(path: Path, name: str) -> Response:
    if path.is_symlink() or not path.is_file():
        return _missing()
    headers = {
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return FileResponse(path, headers=headers, media_type=mimetypes.guess_type(name)[0] or "application/octet-stream")


def _missing() -> Response:
    return JSONResponse({"error": "not found"}, status_code=404)

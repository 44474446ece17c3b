"""Request bodies with limits: in memory for requests, on disk for uploads. Compressed ones never grow past a limit."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import hashlib
import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from runferry.server.durable import open_private

MEMORY_LIMIT = 64 << 20
_RESERVE = 64 << 20  # bytes of disk that uploads leave free, so that rows can still be taken
_PIECE = 1 << 20
_DRAIN = 256 << 20
_MOST_MEMBERS = 16  # of a gzip body; clients send one, and each costs a copy of what follows it


class RefusedError(Exception):
    """A request that is answered with `status` and `text` instead of being done."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def disk_refusal(error: OSError) -> RefusedError:
    """The answer for a disk that does not take more; the client keeps the data and tries again."""
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    return RefusedError(507 if full else 503, f"the server's disk refuses: {error.strerror or error}")


def _announced(request: Request) -> int | None:
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise RefusedError(400, "Content-Length is not a number")
    return int(text)


async def read_body(request: Request, limit: int = MEMORY_LIMIT) -> bytes:
    """The whole body, uncompressed. Raises `RefusedError` (413, 415, 400)."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise RefusedError(415, f"the content encoding {encoding!r} is not supported")
    if (_announced(request) or 0) > limit:
        raise RefusedError(413, f"the request is larger than {limit} bytes")
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise RefusedError(413, f"the request is larger than {limit} bytes")
        pieces.append(piece)
    data = b"".join(pieces)
    return await run_in_threadpool(_decompress, data, limit) if encoding == "gzip" else data


def _decompress(data: bytes, limit: int) -> bytes:
    result = bytearray()
    members = 0
    while data:
        members += 1
        if members > _MOST_MEMBERS:
            raise RefusedError(400, f"the gzip body has more than {_MOST_MEMBERS} members")
        member = zlib.decompressobj(wbits=31)
        try:
            result += member.decompress(data, limit + 1 - len(result))
        except zlib.error as error:
            raise RefusedError(400, "the gzip body is damaged") from error
        if len(result) > limit:
            raise RefusedError(413, f"the request is larger than {limit} bytes when uncompressed")
        if not member.eof:
            raise RefusedError(400, "the gzip body is cut off")
        data = member.unused_data
    return bytes(result)


@dataclass(frozen=True)
class Received:
    """A complete upload in a temporary file. `md5` is hexadecimal."""

    path: Path
    size: int
    md5: str

    @property
    def md5_base64(self) -> str:
        """The digest as W&B writes it."""
        return base64.b64encode(bytes.fromhex(self.md5)).decode()


async def receive_file(request: Request, path: Path) -> Received:
    """The body as a file at `path`. Raises `RefusedError` and leaves no file unless all announced bytes came."""
    expected = _announced(request)
    free = (await run_in_threadpool(shutil.disk_usage, path.parent)).free
    if expected is not None and expected + _RESERVE > free:
        await _drain(request)
        raise RefusedError(507, f"the server's disk has {free} bytes left, the file needs {expected}")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        size = await _store(request, path, digest)
        if expected is not None and size != expected:
            raise RefusedError(400, f"{expected} bytes were announced, {size} came")
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, ClientDisconnect):
            raise disk_refusal(error) from error
        raise
    return Received(path, size, digest.hexdigest())


async def _store(request: Request, path: Path, digest: hashlib._Hash) -> int:
    def put(piece: bytes) -> None:
        digest.update(piece)
        file.write(piece)

    size = 0
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb", buffering=0) as file:
        waiting = bytearray()
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _PIECE:
                await run_in_threadpool(put, bytes(waiting))
                size += len(waiting)
                waiting.clear()
        size += len(waiting)
        await run_in_threadpool(put, bytes(waiting))
    return size


async def _drain(request: Request) -> None:
    """Take the body in, so that the client reads the answer instead of meeting a closed connection."""
    seen = 0
    with contextlib.suppress(ClientDisconnect):
        async with asyncio.timeout(10) if hasattr(asyncio, "timeout") else contextlib.nullcontext():
            async for piece in request.stream():
                seen += len(piece)
                if seen > _DRAIN:
                    return

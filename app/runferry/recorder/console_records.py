"""Encodes console records: twice per `print`, so put together by hand. Pure; the run's lock is held by the caller."""

from __future__ import annotations

from runferry.wire.encoding import utf8, varint


class ConsoleEncoder:
    """`info`: the encoded ``_info`` field of the run's records."""

    def __init__(self, info: bytes) -> None:
        self._info = info
        self._second = -1
        self._moment = b""  # the timestamp's first field, which changes once a second

    def encode(self, is_stderr: bool, text: str, num: int, now: int) -> bytes:
        """One ``output_raw`` record. now: microseconds since the epoch."""
        second, rest = divmod(now, 1_000_000)
        if second != self._second:
            self._second, self._moment = second, b"\x08" + varint(second) + b"\x10"
        moment = self._moment + varint(rest * 1000)
        line = utf8(text)
        kind = b"\x12" if is_stderr else b"\x08\x01\x12"
        size = len(kind) + 1 + len(moment)
        length = varint(len(line))
        size += 1 + len(length) + len(line)
        return b"".join(
            (
                b"\x08", varint(num), b"\x6a", varint(size), kind, bytes((len(moment),)), moment,
                b"\x1a", length, line, self._info,
            )
        )  # fmt: skip

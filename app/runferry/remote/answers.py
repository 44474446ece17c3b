"""What a server answered, and the one way of reading it: bounded by what it is, compressed or not, and of any shape.

`take` reads a body piece by piece, up to the most that such an answer has. `decode` reads JSON, a `Node` walks through
it: null is empty, and anything else of another type than expected is a `Misshapen`, with the place named.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import requests

from runferry.inert import inert
from runferry.remote import told
from runferry.remote.troubles import BadAnswer, RunFault

SMALL = 64 << 10  # bytes of an answer that only says whether something went well
STREAM = 1 << 20  # of the file stream's
GRAPHQL = 64 << 20  # of a GraphQL reply: a page of rows, of which a single one may have 10 MB
FILE = 64 << 20  # of a file that is read back
MOST_NODES = 2_000_000  # values in one JSON text: each costs some hundred bytes of memory, and two on the wire
LONGEST_NAME = 1024  # characters of an id or a name
LONGEST_ADDRESS = 16 << 10
MOST_PAGES = 10_000  # of one list
SHOWN = 300  # characters of a foreign text in an error

_PIECE = 64 << 10
_MOST_MEMBERS = 100  # of one gzip stream
_ENCODINGS = {"": False, "identity": False, "gzip": True, "x-gzip": True, "deflate": True}


class Unreadable(Exception):
    """The text is no JSON, or more of it than anybody needs."""


class _Cut(Exception):
    """There is more than is wanted."""


class TooLong(RunFault):
    """An answer that is larger than answers of its kind are."""

    def __init__(self, most: int, what: str = "it") -> None:
        super().__init__(
            "answer-too-large",
            "The server's answer is too large",
            f"It has more than {most >> 20 or 1} MB, which no such answer has ({what}). It was not read to its end.",
            "It is tried again by itself; if it stays so, tell whoever runs the server.",
        )


class Misshapen(RunFault):
    """JSON of another shape than was asked for."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            "bad-answer",
            "The server's answer makes no sense",
            f"{inert(where, SHOWN)}: {why}.",
            "It is tried again by itself; if it stays so, check the server's address, and tell whoever runs it.",
        )


@dataclass(frozen=True)
class Answer:
    """One answer of a server. `content` is decompressed; `is_whole`: nothing of it was left out."""

    status_code: int
    headers: Mapping[str, str]
    url: str
    content: bytes
    is_whole: bool = True

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes are."""
        return self.content.decode("utf-8", "replace")

    def shown(self, most: int = SHOWN) -> str:
        """The beginning of the body, as it can be shown."""
        return inert(self.content[: 4 * most].decode("utf-8", "replace"), most)


def take(response: requests.Response, most: int, may_cut: bool = False, what: str = "") -> Answer:
    """Read a response that was made with ``stream=True``, and close or give back its connection.

    most: the most bytes of body that such an answer has. may_cut: only its beginning matters, as of an error's page.

    Raises TooLong, BadAnswer for a body that cannot be decompressed, and what urllib3 raises.
    """
    content = bytearray()
    is_whole = False
    try:
        for piece in _decoded(_raw(response, most), response.headers.get("Content-Encoding", ""), most):
            content += piece
            if len(content) > most:
                raise _Cut
        is_whole = True
    except _Cut:
        if not may_cut:
            raise TooLong(most, what) from None
    except zlib.error as error:
        if not may_cut:
            raise _bad(f"its compression is damaged ({error})", what) from error
    finally:
        if is_whole:
            response.raw.release_conn()
        else:
            response.close()
    return Answer(response.status_code, response.headers, response.url or "", bytes(content[:most]), is_whole)


def decode(data: bytes | str) -> Any:
    """A JSON text's value, read strictly; of equal keys the last one counts.

    Raises Unreadable for what is no JSON (NaN, halves of characters), is nested too deeply, or holds more values than
    anybody needs.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if _count_nodes(raw) > MOST_NODES:
        raise Unreadable(f"it holds more than {MOST_NODES:,} values")
    try:
        return orjson.loads(raw)
    except ValueError as error:
        raise Unreadable(inert(error, SHOWN)) from None


def recorded(text: str | bytes) -> Any:
    """As `decode`, of what a training recorded and a server keeps: NaN and infinities are numbers there."""
    try:
        return decode(text)
    except Unreadable:
        if _count_nodes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text) > MOST_NODES:
            raise
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(inert(error, SHOWN)) from None


def row(text: object) -> dict[str, Any]:
    """A line that a server keeps for us (a row, a sample): its JSON object; empty where it is none."""
    if isinstance(text, dict):
        return text
    try:
        found = recorded(text) if isinstance(text, (str, bytes)) else None
    except Unreadable:
        return {}
    return found if isinstance(found, dict) else {}


class Node:
    """A place in a JSON value that a server gave. Truth: something stands there."""

    __slots__ = ("_where", "value")

    def __init__(self, value: Any, where: str) -> None:
        self.value, self._where = value, where

    def __bool__(self) -> bool:
        return self.value is not None

    def at(self, *names: str) -> Node:
        """What stands below these names; nothing where one of them is missing or null."""
        value, where = self.value, self._where
        for name in names:
            if value is None:
                return Node(None, where)
            if not isinstance(value, dict):
                raise Misshapen(where, f"{_kind(value)} came where an object is expected")
            value, where = value.get(name), f"{where}.{name}"
        if value is not None and not isinstance(value, dict):
            raise Misshapen(where, f"{_kind(value)} came where an object is expected")
        return Node(value, where)

    def need(self, *names: str) -> Node:
        """As `at`, and it has to be there."""
        found = self.at(*names)
        if not found:
            raise Misshapen(".".join((self._where, *names)), "nothing came where an object is expected")
        return found

    def raw(self, name: str) -> Any:
        """What stands under a name, of any type."""
        return self.at().value.get(name) if self.value is not None else None

    def text(self, name: str, most: int = LONGEST_NAME) -> str:
        """A text, or a number as one; empty where there is none."""
        found = self.raw(name)
        if found is None:
            return ""
        if isinstance(found, (dict, list)):
            raise Misshapen(f"{self._where}.{name}", f"{_kind(found)} came where a text is expected")
        text = str(found)
        if len(text) > most:
            raise Misshapen(f"{self._where}.{name}", f"a text of {len(text):,} characters came")
        return text

    def count(self, name: str) -> int:
        """A number of lines or bytes, within bounds."""
        return told.count(self.raw(name))

    def values(self, name: str) -> list[Any]:
        """A list of anything; empty where there is none."""
        found = self.raw(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise Misshapen(f"{self._where}.{name}", f"{_kind(found)} came where a list is expected")
        return found

    def nodes(self, name: str) -> list[Node]:
        """A list of objects; null among them is an empty one."""
        return [Node(one, f"{self._where}.{name}").at() for one in self.values(name)]

    def lines(self, name: str) -> list[str]:
        """A list of JSON texts; servers send some as objects."""
        try:
            return [one if isinstance(one, str) else json.dumps(one) for one in self.values(name)]
        except RecursionError:
            raise Misshapen(f"{self._where}.{name}", "it is nested too deeply") from None

    def inner(self, name: str, otherwise: Any) -> Any:
        """JSON that stands in a text, of the type of `otherwise`, which is given for anything else."""
        found = self.raw(name)
        if isinstance(found, str):
            try:
                found = recorded(found)
            except Unreadable:
                return otherwise
        return found if isinstance(found, type(otherwise)) else otherwise


class Pages:
    """Goes through a list that comes in pages. `cursor`: where the next one begins."""

    def __init__(self, what: str) -> None:
        self.cursor: str | None = None
        self._what, self._count, self._seen = what, 0, set[str]()

    def has_more(self, page: Node) -> bool:
        """Whether there is another page. Raises Misshapen for a list that never ends."""
        info = page.at("pageInfo")
        cursor = info.text("endCursor", LONGEST_ADDRESS)
        if info.raw("hasNextPage") is not True or not cursor or cursor in self._seen:
            return False
        self._count += 1
        if self._count >= MOST_PAGES:
            raise Misshapen(self._what, f"the list has more than {MOST_PAGES:,} pages")
        self._seen.add(cursor)
        self.cursor = cursor
        return True


def _bad(why: str, what: str) -> BadAnswer:
    return BadAnswer(
        "bad-answer", "The server's answer makes no sense", f"{what or 'An answer'}: {why}.", "It is tried again.", why
    )


def _raw(response: requests.Response, most: int) -> Iterator[bytes]:
    """The body's bytes as they came. Raises _Cut where they alone are more than is wanted."""
    taken = 0
    while piece := response.raw.read(_PIECE, decode_content=False):
        taken += len(piece)
        if taken > most + _PIECE:
            raise _Cut
        yield piece


def _decoded(pieces: Iterator[bytes], encoding: str, most: int) -> Iterator[bytes]:
    packed = _ENCODINGS.get(encoding.strip().lower())
    if packed is None:
        raise _bad(f"it is compressed in a way that nobody asked for ({inert(encoding, 40)})", "")
    return _inflated(pieces, most) if packed else pieces


def _inflated(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """What gzip or zlib hold; at most one piece more than the most that is wanted is ever in memory."""
    machine, members, room = zlib.decompressobj(47), 1, most + 1
    for piece in pieces:
        rest = piece
        while rest and room > 0:
            if machine.eof:
                members += 1
                if members > _MOST_MEMBERS:
                    raise zlib.error("too many members")
                machine = zlib.decompressobj(47)
            found = machine.decompress(rest, min(room, _PIECE))
            room -= len(found)
            yield found
            rest = machine.unconsumed_tail or machine.unused_data


def _count_nodes(raw: bytes) -> int:
    """About how many values a JSON text holds: exactly where a quick look does not rule out too many."""
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") <= MOST_NODES:
        return 0
    outside = re.sub(rb'"[^"]*"', b"", raw.replace(b"\\\\", b"").replace(b'\\"', b""))
    return outside.count(b",") + outside.count(b"[") + outside.count(b"{")


def in_words(value: object) -> str:
    """A foreign value as it can be shown: a text or a number itself, of anything else only what it is."""
    return inert(value, SHOWN) if isinstance(value, (str, int, float)) else _kind(value)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    return {dict: "an object", list: "a list", str: "a text", bool: "a yes or no"}.get(type(value), "a number")

"""What resolvers share: the request's context, how a field finds its answer, and pages of lists.

Views are plain objects whose attributes and methods are named like the schema's fields, in snake case. Methods get the
context and the field's arguments. They run in worker threads and read the store only through its methods.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import GraphQLResolveInfo

from runferry.server.store import DEFAULT_ENTITY, DEFAULT_PROJECT, Store
from runferry.server.tokens import Signer

T = TypeVar("T")
MAX_PAGE = 10_000
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class RequestRefusedError(Exception):
    """A request that cannot be done; the text is for the client."""


class Budget:
    """How much one request may ask for: fields of the answer, and seconds."""

    def __init__(self, fields: int = 2_000_000, seconds: float = 60.0) -> None:
        self._left = fields
        self._end = time.monotonic() + seconds

    def spend(self) -> None:
        """For one field. Raises `RequestRefusedError`."""
        self._left -= 1
        if self._left < 0:
            raise RequestRefusedError("the answer is too large: ask for less at once")
        if self._left % 256 == 0 and time.monotonic() > self._end:
            raise RequestRefusedError("the answer takes too long: ask for less at once")


@dataclass(frozen=True)
class Context:
    """One request. `base`: the server's address as the client sees it, without a slash at the end."""

    store: Store
    signer: Signer
    base: str
    budget: Budget = field(default_factory=Budget)

    def address(self, method: str, kind: str, *parts: str) -> str:
        """A signed address for one file."""
        return f"{self.base}/storage/{self.signer.sign(method, kind, *parts)}"


@functools.cache
def snake(name: str) -> str:
    """``historyLineCount`` → ``history_line_count``. Names come from the schema, so they are few."""
    return _CAPITAL.sub("_", name).lower()


def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """The field's value: an entry, an attribute, or a method called with context and arguments."""
    info.context.budget.spend()
    name = snake(info.field_name)
    value = source.get(name) if isinstance(source, dict) else getattr(source, name)
    if callable(value):
        return value(info.context, **{snake(key): one for key, one in arguments.items()})
    return value


def names_of(entity: str | None, project: str | None) -> tuple[str, str]:
    """Entity and project with the defaults put in."""
    return entity or DEFAULT_ENTITY, project or DEFAULT_PROJECT


def page(items: Sequence[T], view: Callable[[T], Any], after: str | None, first: int | None) -> dict[str, Any]:
    """A connection over `items`. Cursors are positions, so new items at the end do not disturb a reader."""
    try:
        start = int(after) if after else 0
    except ValueError as error:
        raise RequestRefusedError("the cursor is not one of this server's") from error
    stop = start + min(MAX_PAGE, max(0, 50 if first is None else first))
    edges = [{"node": view(one), "cursor": str(start + at + 1)} for at, one in enumerate(items[start:stop])]
    return {
        "edges": edges,
        "page_info": {"end_cursor": edges[-1]["cursor"] if edges else None, "has_next_page": stop < len(items)},
        "total_count": len(items),
    }

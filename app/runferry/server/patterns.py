"""Regular expressions that clients send, searched for a limited time: some take centuries for a short text."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import regex

SECONDS = 1.0  # for all searches of one request together
LONGEST = 1000  # characters of a pattern
LONGEST_TEXT = 100_000  # characters that are searched


class PatternRefusedError(ValueError):
    """A pattern that is none, or that takes too long; the text says which."""


class Patterns:
    """The searches of one request."""

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._left = seconds
        self._clock = clock

    def found(self, pattern: str, text: str) -> bool:
        """Whether the pattern occurs in the text. Raises `PatternRefusedError`."""
        compiled = _compiled(pattern)
        began = self._clock()
        try:
            return compiled.search(text[:LONGEST_TEXT], timeout=max(0.001, self._left), concurrent=True) is not None
        except TimeoutError as error:
            raise PatternRefusedError("the regular expression takes too long") from error
        finally:
            self._left -= self._clock() - began


@functools.lru_cache(maxsize=64)
def _compiled(pattern: str) -> regex.Pattern[str]:
    if len(pattern) > LONGEST:
        raise PatternRefusedError(f"a regular expression of more than {LONGEST} characters")
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise PatternRefusedError(f"not a regular expression: {pattern[:100]}") from error

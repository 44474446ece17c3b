"""Numbers that a server says, each bounded here and nowhere else: a server may be broken, or mean something else by
them, and none of them decides how long a thread waits, how often something is asked, or how large something grows.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable

LONGEST_PAUSE = 600.0  # seconds that a server can keep us from asking it again
LARGEST_COUNT = 2**53  # lines, steps and bytes: what every JSON reader holds exactly
_EPOCH = 1e9  # seconds: a "pause" beyond this is a time since 1970, as many servers write it …
_MILLISECONDS = 1e12  # … and beyond this one in milliseconds
_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,300}(?:\.[0-9]{0,300})?)\s*(?:[;,]|$)")
_DATE = re.compile(r"[A-Za-z]{3,9},? [ 0-9]{2}[ -][A-Za-z]{3}[ -][0-9]{2,4} [0-9:]{8} [A-Z]{1,5}")
_LONGEST_HEADER = 200  # characters that are looked at


def pause(text: str | None, now: Callable[[], float] = time.time) -> float | None:
    """How long a header (``Retry-After``, ``RateLimit-Reset``) asks us to wait, in seconds from 0 to LONGEST_PAUSE.

    Takes seconds, a time since the epoch, and an HTTP date; of several headers the first one counts. None where it
    says nothing that can be understood.
    """
    shown = (text or "")[:_LONGEST_HEADER]
    found = _NUMBER.match(shown)
    if found:
        seconds = float(found[1])
        if seconds >= _EPOCH:
            seconds = (seconds / 1000 if seconds >= _MILLISECONDS else seconds) - now()
        return min(max(seconds, 0.0), LONGEST_PAUSE)
    at = moment(text)
    return None if at is None else min(max(at - now(), 0.0), LONGEST_PAUSE)


def moment(text: str | None) -> float | None:
    """An HTTP date in seconds since the epoch; None for anything else."""
    date = _DATE.search((text or "")[:_LONGEST_HEADER])
    try:
        return email.utils.parsedate_to_datetime(date[0]).timestamp() if date else None
    except (TypeError, ValueError, OverflowError, IndexError, OSError):
        return None


def amount(text: str | None) -> float | None:
    """A header's count (``RateLimit-Remaining``); None where it is none."""
    found = _NUMBER.match((text or "")[:_LONGEST_HEADER])
    return None if found is None else min(max(float(found[1]), 0.0), float(LARGEST_COUNT))


def count(value: object) -> int:
    """A JSON number of lines, steps or bytes, from 0 to LARGEST_COUNT; what is no number is 0."""
    if isinstance(value, float):
        if value != value:
            return 0
        return int(min(max(value, 0.0), float(LARGEST_COUNT)))
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,30}", value):
        value = int(value)
    return min(max(value, 0), LARGEST_COUNT) if isinstance(value, int) and not isinstance(value, bool) else 0

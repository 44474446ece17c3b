"""JSON text that can always be sent.

Text is written as it is, not escaped, so that files read well. Half a surrogate pair (a cut emoji, which Python and
JSON both allow in text) has no UTF-8: then everything beyond ASCII is escaped, which any JSON reader understands.
"""

from __future__ import annotations

import json
from typing import Any


def dumps(value: Any, **options: Any) -> str:
    """As `json.dumps`, without spaces unless `indent` is given; NaN and infinities as W&B writes them."""
    if "indent" not in options:
        options.setdefault("separators", (",", ":"))
    text = json.dumps(value, ensure_ascii=False, **options)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, **options)
    return text

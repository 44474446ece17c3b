"""Names that people and clients choose, turned into file names that every system can store, and back.

What Windows refuses (some characters, device names, a trailing dot or space) is written as ``%XX``, in UTF-8. Very long
names are cut and end in a hash: those cannot be turned back, their owner keeps the real name beside them. On file
systems that ignore case, names with capital letters get a suffix so that ``Run`` and ``run`` stay two names.

Nothing here touches a disk, and nothing here ever returns a name that could leave the folder it is put into.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

MAX_COMPONENT = 200  # bytes; common file systems end at 255, and temporary suffixes need room
MAX_PATH = 4096  # characters of one uploaded name

_FORBIDDEN = re.compile(r'[<>:"/\\|?*%\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
_CASE_SUFFIX = re.compile(r"%~[0-9a-f]{8}$")
_CUT = re.compile(r"%\+[0-9a-f]{24}$")
_HALF_ESCAPE = re.compile(r"%[0-9A-F]?$")


class NameRefusedError(ValueError):
    """A name that is empty, absolute, climbs out with ``..`` or holds a NUL: it is never stored."""


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class Names:
    """How one store writes names. `fold`: the file system ignores case; decided once, when the store is made."""

    fold: bool = False

    def component(self, name: str) -> str:
        """One file name for `name`. Raises `NameRefusedError` where there can be none."""
        if not name or "\0" in name:
            raise NameRefusedError(f"not a usable name: {name!r}")
        text = _FORBIDDEN.sub(lambda found: _percent(found.group()), name)
        if text[-1] in ". ":
            text = text[:-1] + _percent(text[-1])
        if _DEVICE.match(text):
            text = _percent(text[0]) + text[1:]
        if self.fold and name != name.lower():
            text += f"%~{zlib.crc32(name.encode('utf-8', 'surrogatepass')):08x}"
        raw = text.encode()
        if len(raw) <= MAX_COMPONENT:
            return text
        head = _HALF_ESCAPE.sub("", raw[:150].decode("utf-8", "ignore"))
        return f"{head}%+{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"

    def path(self, name: str) -> tuple[str, ...]:
        """The file names for a relative path with ``/``. Raises `NameRefusedError` for one that leads out."""
        if len(name) > MAX_PATH:
            raise NameRefusedError("the name is too long")
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise NameRefusedError(f"not a relative path inside the run: {name[:200]!r}")
        return tuple(self.component(part) for part in parts)


def original(component: str) -> str | None:
    """The name that `Names.component` was given, None where it was cut."""
    if _CUT.search(component):
        return None
    raw = unquote_to_bytes(_CASE_SUFFIX.sub("", component))
    return raw.decode("utf-8", "surrogatepass")

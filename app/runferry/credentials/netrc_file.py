"""Reads netrc, in any layout that people have, and never writes it.

The standard library's reader refuses a whole file for one odd line; here everything else of the file still counts.
A ``default`` entry is not used: its password was not meant for the server at hand.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from runferry.regular_files import open_regular

log = logging.getLogger(__name__)

MAX_SIZE = 1024 * 1024
_WORD = re.compile(r'"((?:[^"\\\n]|\\.)*)"|(\S+)')


def netrc_file(environ: Mapping[str, str]) -> Path:
    """The file in use: ``$NETRC``, ``~/.netrc``, or ``~/_netrc`` where only that exists."""
    if environ.get("NETRC"):
        return Path(environ["NETRC"]).expanduser()
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    usual, other = home / ".netrc", home / "_netrc"
    return other if other.exists() and not usual.exists() else usual


def read_passwords(path: Path) -> dict[str, str]:
    """Host (as written, in lower case) to password; empty where the file cannot be read. The last entry wins."""
    try:
        with open_regular(path) as file:
            text = file.read(MAX_SIZE).decode("utf-8-sig", errors="replace")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("netrc %s cannot be read: %s", path, error)
        return {}
    passwords: dict[str, str] = {}
    machine: str | None = None
    words = _words(text)
    for word in words:
        if word == "machine":
            machine = next(words, "").lower()
        elif word == "default":
            machine = None
        elif word == "password":
            password = next(words, "")
            if machine:
                passwords[machine] = password
        elif word in ("login", "account"):
            next(words, None)
    return passwords


def _words(text: str) -> Iterator[str]:
    """Words and quoted words, without comments and without macros, which end at an empty line."""
    in_macro = False
    for line in text.splitlines():
        if in_macro:
            in_macro = bool(line.strip())
            continue
        if line.lstrip().startswith("#"):
            continue
        after_value_word = False
        for found in _WORD.finditer(line):
            quoted, plain = found.groups()
            if plain == "macdef":
                in_macro = True
                break
            if plain is not None and plain.startswith("#") and not after_value_word:
                break  # a comment behind an entry; a password may begin with # too
            after_value_word = plain in ("machine", "login", "account", "password")
            yield re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain

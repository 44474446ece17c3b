"""A key goes into a real Secret Service, and another process finds it there."""

from __future__ import annotations

import json

from desktop.rig.desktop import Desktop

URL = "https://wandb.company.com"

STATE = """
import json
from runferry.desktop.system.keyring_state import keyring_state
print(json.dumps(keyring_state().name))
"""
KEEP = """
import sys
from runferry.credentials import KeyPlace, keep_key
print(keep_key(sys.argv[1], sys.argv[2], KeyPlace.KEYRING))
"""
FIND = """
import sys
from runferry.credentials import find_key
found = find_key(sys.argv[1])
print(found.source, found.value) if found else print("none")
"""
FORGET = """
import sys
from runferry.credentials import forget_key
print(forget_key(sys.argv[1]))
"""


def test_a_key_is_kept_in_the_secret_service(desktop: Desktop) -> None:
    key = "k" * 40
    assert json.loads(desktop.python(STATE)).startswith("Secret Service")
    assert desktop.python(KEEP, URL, key).strip() == "keyring"
    assert desktop.python(FIND, URL).strip() == f"keyring {key}"
    assert desktop.python(FIND, "https://elsewhere.example").strip() == "none"
    assert desktop.python(FORGET, URL).strip() == "('keyring',)"
    assert desktop.python(FIND, URL).strip() == "none"


def test_a_desktop_without_one_says_so(bare_desktop: Desktop) -> None:
    assert json.loads(bare_desktop.python(STATE)) == ""

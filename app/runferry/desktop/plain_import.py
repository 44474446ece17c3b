"""Imports Qt without the import hook that PySide6 puts in Python's place; to be imported before anything of Qt.

The hook reads the source text of every module that is imported from then on, to see whether it asks for PySide's
optional spelling of names (`from __feature__ import …`), and the texts stay in memory: 14 MB, for something that no
module here asks for.
"""

from __future__ import annotations

import builtins

_before = builtins.__import__

import PySide6.QtCore  # noqa: E402, F401 -- what this is about

builtins.__import__ = _before

"""Keeps the app small; to be imported before anything of Qt.

PySide6 puts an import hook in Python's place. It reads the source text of every module that is imported from then on,
to see whether it asks for PySide's optional spelling of names (`from __feature__ import …`), and the texts stay in
memory: 14 MB, for something that no module here asks for. So Python's own import is put back.
"""

from __future__ import annotations

import builtins

_import = builtins.__import__

import PySide6.QtCore  # noqa: E402, F401 -- what this is about

builtins.__import__ = _import

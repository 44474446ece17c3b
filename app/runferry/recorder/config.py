"""`run.config`: settings of the training, by item, attribute, `update`; nested dicts are live too.

Every change is handed to the run at once, which records it. It must not raise over values: they are converted by the
run's converter, which keeps as text what nothing fits.
"""

from __future__ import annotations

import os
from typing import Any, Callable, List, Mapping

from runferry.errors import UsageError
from runferry.recorder.nodes import Node, Owner, Path, find
from runferry.recorder.values import key_text

Changed = Callable[[Path, Any, List[Path]], None]
"""Called with the path, the new plain value, and what has to be removed below the path; see `RunConfig`."""

OWN_KEY = "_wandb"
GONE = object()
"""Stands for the new value of an item that was deleted."""


class RunConfig(Owner):
    """State of the config."""

    def __init__(self, convert: Callable[[Any], Any], note: Callable[[str, str], None]) -> None:
        self._convert = convert
        self._note = note
        self._on_change: Changed | None = None
        self.root = ConfigRoot(self)

    def begin(self, on_change: Changed) -> None:
        """From now on changes are recorded one by one (what was set before is in the run record)."""
        self._on_change = on_change

    def assign(self, path: Path, value: Any, allow_change: bool = False) -> None:
        """Set a value; changing one that stands there needs `allow_val_change` in W&B, here it is told once."""
        if path[0] == OWN_KEY:
            self._note("own-keys", f"config: {OWN_KEY} belongs to W&B; yours is left out")
            return
        value = self._convert(value)
        node = find(self.root, path[:-1], create=True)
        assert node is not None
        old = dict.get(node, path[-1])
        if path[-1] in node and _same(old, value):
            return
        if path[-1] in node and not allow_change and len(path) == 1:
            message = f"config item {path[-1]!r} was changed; wandb wants allow_val_change=True for that"
            self._note("config-changed", message)
        node.put(path[-1], value)
        if self._on_change is not None:
            self._on_change(path, value, _gone(path, old, value))

    def remove(self, path: Path) -> None:
        """Delete an item."""
        node = find(self.root, path[:-1])
        if node is not None:
            node.drop(path[-1])
        if self._on_change is not None:
            self._on_change(path, GONE, [path])

    def note(self, kind: str, message: str) -> None:
        """See `Owner`."""
        self._note(kind, message)


class ConfigRoot(Node):
    """`run.config` itself, with W&B's methods."""

    __slots__ = ()

    def update(self, *others: Any, allow_val_change: bool | None = None, **items: Any) -> None:
        """Set several items: a dict, an argparse namespace, or anything with attributes.

        What has none is told, and changes nothing.
        """
        owner = self._node_owner
        assert isinstance(owner, RunConfig)
        given = self._items_of(others[0]) if others else {}
        for key, value in {**given, **items}.items():
            owner.assign((key,), value, bool(allow_val_change))

    def setdefaults(self, defaults: Any) -> None:
        """Set the items that are missing."""
        for key, value in self._items_of(defaults).items():
            if key not in self:
                self[key] = value

    def _items_of(self, given: Any) -> dict[str, Any]:
        try:
            return as_mapping(given)
        except Exception as problem:  # noqa: BLE001 - nothing is raised once a run was begun
            self._node_owner.note("config-unusable", getattr(problem, "message", "") or f"config: {problem}")
            return {}

    def persist(self) -> None:
        """Nothing to do: every change is in the log already. W&B's scripts call it."""


def _same(old: Any, new: Any) -> bool:
    try:
        return type(old) is type(new) and bool(old == new) if not isinstance(new, dict) else old == new
    except RecursionError:
        return False


def _gone(path: Path, old: Any, new: Any) -> list[Path]:
    """What stood below `path` and does not any more: readers merge dicts, so it has to be said."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return []
    found: list[Path] = []
    for key, value in old.items():
        below = (*path, key)
        if key not in new:
            found.append(below)
        else:
            found += _gone(below, value, new[key])
    return found


def as_mapping(config: Any) -> dict[str, Any]:
    """The items of what people pass as a config. Raises UsageError for what has none."""
    if config is None:
        return {}
    if isinstance(config, Mapping):
        return {key_text(key): value for key, value in config.items()}
    if isinstance(config, (str, os.PathLike)):
        return _from_file(os.fspath(config))
    flags = getattr(config, "flag_values_dict", None)  # absl
    if callable(flags):
        return dict(flags())
    try:
        return dict(vars(config))
    except TypeError:
        raise UsageError(
            "config-unusable",
            "The config cannot be used",
            f"config is a {type(config).__name__}; a dict, a namespace or the path of a JSON file is wanted.",
            "Pass a dict, for example config={'lr': 0.1}.",
        ) from None


def _from_file(path: str) -> dict[str, Any]:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        if isinstance(found, dict):
            return found
        problem: object = "it holds no JSON object"
    except (OSError, ValueError) as error:
        problem = error
    raise UsageError(
        "config-unusable",
        "The config file cannot be used",
        f"{path}: {problem}",
        "Pass a dict, or the path of a JSON file (the recorder needs no packages, so it reads no YAML).",
        problem,
    )

"""Dicts that tell their owner what is set in them: what `run.config` and `run.summary` are made of.

Real dicts (so that json, `**` and isinstance work), whose items can be read and set as attributes too. They never
change by themselves: every change goes through the owner, which converts the value, records it and puts it in place.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, Tuple

from runferry.recorder.values import key_text

Path = Tuple[str, ...]


class Owner:
    """Receives the changes; see `RunConfig` and `RunSummary`."""

    def assign(self, path: Path, value: Any) -> None:
        """`value` is to stand at `path`."""
        raise NotImplementedError

    def remove(self, path: Path) -> None:
        """What stands at `path` is to go."""
        raise NotImplementedError

    def note(self, kind: str, message: str) -> None:
        """Something that was wanted cannot be done; nothing is raised into the training."""
        raise NotImplementedError


class Node(Dict[str, Any]):
    """A dict at `path` below `owner`."""

    __slots__ = ("_node_owner", "_node_path")

    def __init__(self, owner: Owner, path: Path = (), items: Mapping[str, Any] | None = None) -> None:
        object.__setattr__(self, "_node_owner", owner)
        object.__setattr__(self, "_node_path", path)
        super().__init__()
        for key, value in (items or {}).items():
            self.put(key, value)

    def put(self, key: str, value: Any) -> None:
        """Set without telling the owner: for the owner itself. Dicts become nodes."""
        if isinstance(value, dict):
            value = Node(self._node_owner, (*self._node_path, key), value)
        super().__setitem__(key, value)

    def drop(self, key: str) -> None:
        """Delete without telling the owner."""
        super().pop(key, None)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._node_owner.assign((*self._node_path, key_text(key)), value)

    def __delitem__(self, key: Any) -> None:
        if key not in self:
            raise KeyError(key)
        self._node_owner.remove((*self._node_path, key_text(key)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no item {name!r} here; there are: {', '.join(map(str, self)) or 'none'}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None

    def update(self, *others: Any, **items: Any) -> None:
        """Set several items. What has no items is told, and changes nothing."""
        try:
            given = dict(*others, **items)
        except Exception as problem:  # noqa: BLE001 - nothing of ours may reach the training
            self._node_owner.note("update-unusable", f"update() takes a dict: {problem}")
            return
        for key, value in given.items():
            self[key] = value

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The item; set to `default` first when it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Take an item out."""
        if key not in self:
            if default:
                return default[0]
            raise KeyError(key)
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last item out."""
        for key in reversed(list(self)):
            return key, self.pop(key)
        raise KeyError("empty")

    def clear(self) -> None:
        """Take all items out."""
        for key in list(self):
            del self[key]

    def as_dict(self) -> dict[str, Any]:
        """A plain copy, nested ones included."""
        return {key: value.as_dict() if isinstance(value, Node) else value for key, value in self.items()}

    def __reduce__(self) -> Any:
        # What goes to another process or is copied is a plain dict: the owner stays here.
        return dict, (self.as_dict(),)

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return self.as_dict()

    def copy(self) -> dict[str, Any]:
        """A plain dict."""
        return dict(self)


def find(root: Node, path: Iterable[str], create: bool = False) -> Node | None:
    """The node at `path` below `root`; what is missing or no dict on the way is made when `create` is True."""
    node = root
    for key in path:
        below = dict.get(node, key)
        if not isinstance(below, Node):
            if not create:
                return None
            node.put(key, {})
            below = dict.__getitem__(node, key)
        node = below
    return node

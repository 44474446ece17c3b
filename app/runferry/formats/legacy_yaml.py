"""Reads the ``config.yaml`` that wandb 0.8 and 0.9 wrote, within a budget: a file of a few lines can name billions.

YAML says "the same as there" (an alias) in two characters, so ten lines of ten aliases each are ten thousand million
values once somebody writes them out. What is read here is what the old clients wrote: maps, lists and scalars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from runferry.formats.odd_values import DEEPEST

MOST_BYTES = 4 << 20  # a second's reading is one of these
MOST_VALUES = 100_000  # in the file, and once more written out; reading one takes 0.1 ms, and a kilobyte for a while
LONGEST_NUMBER = 100  # characters; YAML also writes numbers to the base of 60, whose reading takes the square of that


class TooMuch(ValueError):
    """More than the budget allows."""


class Budget:
    """How many values may still be read."""

    def __init__(self, values: int = MOST_VALUES) -> None:
        self.left = values

    def spend(self, count: int = 1) -> None:
        """Read so many. Raises TooMuch."""
        self.left -= count
        if self.left < 0:
            raise TooMuch(f"more than {MOST_VALUES:,} values")


class _Loader(yaml.SafeLoader):
    """Plain YAML; what Python objects old clients wrote down become the lists, maps and texts that they look like.

    Not the library's loader in C, which calls itself for each level until the stack is full.
    """

    def __init__(self, text: str, budget: Budget) -> None:
        super().__init__(text)
        self._budget = budget

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Count, before any value is made."""
        self._budget.spend()
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge keys (``<<``) are keys like others: merging doubles what it merges, as often as it is asked to."""


def _foreign(loader: Any, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


def _text(loader: Any, node: yaml.Node) -> Any:
    return loader.construct_scalar(node)


def _number(construct: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def bounded(loader: Any, node: yaml.ScalarNode) -> Any:
        return construct(loader, node) if len(node.value) <= LONGEST_NUMBER else node.value

    return bounded


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _foreign)
_Loader.add_multi_constructor("!", _foreign)
_Loader.add_constructor("tag:yaml.org,2002:merge", _text)
_Loader.add_constructor("tag:yaml.org,2002:value", _text)
_Loader.add_constructor("tag:yaml.org,2002:int", _number(yaml.SafeLoader.construct_yaml_int))
_Loader.add_constructor("tag:yaml.org,2002:float", _number(yaml.SafeLoader.construct_yaml_float))


def load(text: str, budget: Budget | None = None) -> Any:
    """The value. Several texts may share a budget.

    Raises yaml.YAMLError, ValueError (`TooMuch` among them), TypeError or RecursionError.
    """
    budget = budget or Budget()
    if len(text) > MOST_BYTES:
        raise TooMuch(f"more than {MOST_BYTES:,} characters")
    loader = _Loader(text, budget)
    try:
        found = loader.get_single_data()
    finally:
        loader.dispose()
    _count(found, 0, Budget())
    return found


def _count(value: Any, depth: int, budget: Budget) -> None:
    """Count a value as it would be written out: what is named twice counts twice. Raises TooMuch."""
    budget.spend(1 + (len(value) // 100 if isinstance(value, str) else 0))
    if depth > DEEPEST:
        raise TooMuch(f"nested deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        for key, inner in value.items():
            _count(key, depth + 1, budget)
            _count(inner, depth + 1, budget)
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            _count(inner, depth + 1, budget)

"""How large a GraphQL document may be: checked before it is validated, which takes the square of what is repeated.

Fragments are counted as often as they are put in. Nothing here recurses deeper than the limits allow.
"""

from __future__ import annotations

from collections import Counter

from graphql import DocumentNode, FragmentDefinitionNode, GraphQLError, OperationDefinitionNode, SelectionSetNode
from graphql.language import FieldNode, FragmentSpreadNode, InlineFragmentNode

LONGEST = 256 << 10  # characters
MAX_TOKENS = 12_000
MAX_DEPTH = 24  # fields inside fields
MAX_FIELDS = 3000  # after fragments are put in
MAX_ALIASES = 100
MAX_REPEATS = 16  # of one name in one selection
_MAX_NESTED = 100  # selections inside selections, with fragments that add no depth


class _Counting:
    """Counts one document. Raises GraphQLError as soon as a limit is passed."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._known: dict[str, tuple[int, int, int]] = {}
        self._open: set[str] = set()

    def cost(self, selections: SelectionSetNode | None, nested: int = 0) -> tuple[int, int, int]:
        """Depth, fields and aliases of a selection."""
        if nested > _MAX_NESTED:
            raise GraphQLError("the document is nested too deep")
        depth = fields = aliases = 0
        names: Counter[str] = Counter()
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                below = self._fragment(node.name.value, nested)
            elif isinstance(node, FieldNode):
                names[node.alias.value if node.alias else node.name.value] += 1
                inside = self.cost(node.selection_set, nested + 1)
                below = (inside[0] + 1, inside[1] + 1, inside[2] + (node.alias is not None))
            else:
                assert isinstance(node, InlineFragmentNode)
                below = self.cost(node.selection_set, nested + 1)
            depth, fields, aliases = max(depth, below[0]), fields + below[1], aliases + below[2]
            self._check(depth, fields, aliases, max(names.values(), default=0))
        return depth, fields, aliases

    def _fragment(self, name: str, nested: int) -> tuple[int, int, int]:
        if name in self._open:
            raise GraphQLError(f"the fragment {name!r} contains itself")
        if name not in self._known:
            self._open.add(name)
            found = self._fragments.get(name)  # a missing one is told by the validation
            self._known[name] = self.cost(found.selection_set if found else None, nested + 1)
            self._open.discard(name)
        return self._known[name]

    @staticmethod
    def _check(depth: int, fields: int, aliases: int, repeats: int) -> None:
        if depth > MAX_DEPTH or fields > MAX_FIELDS or aliases > MAX_ALIASES or repeats > MAX_REPEATS:
            raise GraphQLError(
                f"the document is too large: depth {depth}, {fields} fields, {aliases} aliases, one name {repeats}-fold"
            )


def check(document: DocumentNode) -> None:
    """Refuse what is too deep, too wide, or says one thing too often. Raises GraphQLError."""
    counting = _Counting(document)
    for one in document.definitions:
        if isinstance(one, (OperationDefinitionNode, FragmentDefinitionNode)):
            counting.cost(one.selection_set)

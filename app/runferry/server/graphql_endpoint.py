"""Executing GraphQL documents against the schema, within limits, in a worker thread.

Whatever goes wrong inside a document is told in `errors` with status 200, as clients expect; only a body that is no
GraphQL request at all is refused. Documents are parsed and validated once and remembered by their text.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import graphql
import orjson
from graphql import DocumentNode, GraphQLError, OperationDefinitionNode

from runferry.server.artifacts import ArtifactRefusedError
from runferry.server.bodies import RefusedError
from runferry.server.document_limits import LONGEST, MAX_TOKENS, check
from runferry.server.graphql_schema import SDL
from runferry.server.names import NameRefusedError
from runferry.server.views import Context, RequestRefusedError, resolve

_REMEMBERED = 128

log = logging.getLogger(__name__)


class GraphQLEndpoint:
    """One schema with its remembered documents. `root` answers the fields of Query and Mutation."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._schema = graphql.build_schema(SDL)
        self._documents: OrderedDict[str, DocumentNode] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, body: bytes, context: Context) -> bytes:
        """The JSON reply to a JSON request. Raises `RefusedError` for a body that is no request."""
        query, variables, operation = _parse_request(body)
        try:
            document = self._document(query)
            chosen = _choose(document, operation)
            variables = self._leave_out_unknown(chosen, variables)
        except GraphQLError as error:
            return _json({"data": None, "errors": [error.formatted]})
        except _InvalidDocument as error:
            return _json({"data": None, "errors": [one.formatted for one in error.errors]})
        result = graphql.execute(
            self._schema,
            document,
            root_value=self._root,
            context_value=context,
            variable_values=variables,
            operation_name=chosen.name.value if chosen.name else None,
            field_resolver=resolve,
            type_resolver=lambda value, *_: str(value.typename),
        )
        assert isinstance(result, graphql.ExecutionResult), "no resolver is asynchronous"
        reply: dict[str, Any] = {"data": result.data}
        if result.errors:
            reply["errors"] = [_for_client(error) for error in result.errors]
        return _json(reply)

    def _document(self, query: str) -> DocumentNode:
        with self._lock:
            known = self._documents.get(query)
            if known is not None:
                self._documents.move_to_end(query)
                return known
        document = _parsed(query)
        check(document)
        errors = graphql.validate(self._schema, document)
        if errors:
            raise _InvalidDocument(errors)
        with self._lock:
            self._documents[query] = document
            while len(self._documents) > _REMEMBERED:
                self._documents.popitem(last=False)
        return document

    def _leave_out_unknown(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> dict[str, Any]:
        """Input fields that only newer clients know are left out, instead of failing the whole request."""
        kept = dict(variables)
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            kind = graphql.type_from_ast(self._schema, definition.type)
            if name in kept and kind is not None:
                kept[name] = _prune(kept[name], kind)
        return kept


class _InvalidDocument(Exception):
    """Never leaves this module."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("invalid document")
        self.errors = errors


def _parsed(query: str) -> DocumentNode:
    if len(query) > LONGEST:
        raise GraphQLError(f"the document is longer than {LONGEST} characters")
    try:
        return graphql.parse(query, no_location=True, max_tokens=MAX_TOKENS)
    except RecursionError as error:
        raise GraphQLError("the document is nested too deep") from error


def _parse_request(body: bytes) -> tuple[str, dict[str, Any], str | None]:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            request = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, "the body is no JSON") from error
    if not isinstance(request, dict) or not isinstance(request.get("query"), str):
        raise RefusedError(400, "the body is no GraphQL request: `query` is missing")
    variables = request.get("variables") or {}
    if not isinstance(variables, dict):
        raise RefusedError(400, "`variables` is no object")
    return request["query"], variables, request.get("operationName") or None


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is not None and len(found) > 1:
        found = [one for one in found if one.name and one.name.value == name]
    if len(found) != 1:
        raise GraphQLError(f"no single operation {name!r} in the document" if name else "which operation?")
    if found[0].operation is graphql.OperationType.SUBSCRIPTION:
        raise GraphQLError("subscriptions are not supported")
    return found[0]


def _prune(value: Any, kind: Any) -> Any:
    kind = graphql.get_nullable_type(kind)
    if isinstance(kind, graphql.GraphQLList):
        return [_prune(one, kind.of_type) for one in value] if isinstance(value, list) else value
    if isinstance(kind, graphql.GraphQLInputObjectType) and isinstance(value, dict):
        return {key: _prune(one, kind.fields[key].type) for key, one in value.items() if key in kind.fields}
    return value


_EXPECTED: tuple[type[Exception], ...] = (RequestRefusedError, ArtifactRefusedError, NameRefusedError)


def _for_client(error: GraphQLError) -> Any:
    """What a client may see: its own mistakes in words, ours without details."""
    cause = error.original_error
    if cause is None or isinstance(cause, _EXPECTED):
        return error.formatted
    if isinstance(cause, RecursionError):
        return {**error.formatted, "message": "something in it is nested too deep"}
    if isinstance(cause, OSError):
        log.warning("the disk refuses: %s", cause)
        return {**error.formatted, "message": f"the server's disk refuses: {cause.strerror}"}
    log.error("a resolver failed", exc_info=cause)
    text = "internal error"
    return {**error.formatted, "message": text}


def _json(reply: dict[str, Any]) -> bytes:
    plain: Callable[[Any], bytes] = lambda value: json.dumps(value).encode()  # noqa: E731
    try:
        return orjson.dumps(reply)
    except (orjson.JSONEncodeError, TypeError):
        return plain(reply)  # numbers beyond 64 bits, halves of surrogate pairs

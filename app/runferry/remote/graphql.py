"""One GraphQL operation: a document, its variables, the data that comes back."""

from __future__ import annotations

from typing import Any

from runferry.errors import PermanentError
from runferry.inert import inert
from runferry.remote import answers
from runferry.remote.answers import SHOWN, Node, in_words
from runferry.remote.failures import GraphQLRefused, ServerRefused
from runferry.remote.session import Session

_MOST_ERRORS = 5  # that are shown


def execute(session: Session, name: str, document: str, /, **variables: Any) -> Node:
    """The reply's `data`. Raises AppError; errors inside a 200 reply become `GraphQLRefused`."""
    payload = {"query": document, "variables": variables, "operationName": name}
    reply = session.post_json("/graphql", payload, f"the operation {name}", answers.GRAPHQL)
    if not isinstance(reply, dict):
        reply = {}
    if errors := reply.get("errors"):
        said = _said(errors)
        if "permission denied" in said.lower() or "not authenticated" in said.lower():
            raise ServerRefused(
                "key-refused",
                "The key for this server was refused",
                f"{session.url}: {said}",
                "Enter the right key with `runferry login`, or set WANDB_API_KEY.",
                said,
            )
        raise GraphQLRefused(
            "rejected", "The server refused it", f"{name}: {said}", "Check the project's name and your rights.", said
        )
    data = reply.get("data")
    if not isinstance(data, dict):
        raise GraphQLRefused(
            "not-wandb",
            "This is not a W&B server",
            f"{session.url} does not answer GraphQL.",
            "Check the server's address.",
            in_words(data),
        )
    return Node(data, name)


def no_place(name: str, more: int = 0) -> PermanentError:
    """The server does not say where a file goes. more: files of which it does not say so either."""
    others = f" and {more} more" if more else ""
    return PermanentError(
        "no-upload-url",
        "The server gave no place for a file",
        f"It did not answer for {inert(name, SHOWN)!r}{others}.",
        "Check the server's storage.",
    )


def _said(errors: Any) -> str:
    """The errors of a reply in words, whatever they are."""
    every = errors if isinstance(errors, list) else [errors]
    shown = [one.get("message", one) if isinstance(one, dict) else one for one in every[:_MOST_ERRORS]]
    return "; ".join(in_words(one) for one in shown)

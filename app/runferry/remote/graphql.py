"""One GraphQL operation: a document, its variables, the data that comes back."""

from __future__ import annotations

from typing import Any

from runferry.remote.failures import GraphQLRefused, ServerRefused
from runferry.remote.session import Session


def execute(session: Session, name: str, document: str, /, **variables: Any) -> dict[str, Any]:
    """The reply's `data`. Raises AppError; errors inside a 200 reply become `GraphQLRefused`."""
    payload = {"query": document, "variables": variables, "operationName": name}
    reply = session.post_json("/graphql", payload, f"the operation {name}")
    if not isinstance(reply, dict):
        reply = {}
    errors = reply.get("errors")
    if errors:
        said = "; ".join(str(one.get("message", one)) if isinstance(one, dict) else str(one) for one in errors)
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
            reply,
        )
    return data

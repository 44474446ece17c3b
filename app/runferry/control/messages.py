"""What is said on the control channel: JSON objects in length-prefixed messages; nothing is ever unpickled.

A client sends one request and may send ``{"type": "cancel"}`` later. The owner answers with any number of
``{"type": "progress", "data": {…}}`` and one ``{"type": "done", "code": 0, "data": {…}, "error": null}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

MAX_REQUEST = 1024 * 1024
"""Bytes that the owner takes from a client at once."""
MAX_ANSWER = 64 * 1024 * 1024
"""Bytes that a client takes from the owner: a snapshot of 10,000 runs has some 8 MB."""


class BadMessage(Exception):
    """What came is not a message of this protocol."""


class Gone(Exception):
    """The other side went away."""


@dataclass(frozen=True)
class Request:
    """A command and where it was given. `environ`: the caller's W&B variables; not in repr, as they may hold a key."""

    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    cwd: str = ""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


def caller_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that mean the caller and not the owner: W&B's, ours, and the netrc in use."""
    return {name: value for name, value in environ.items() if is_carried(name)}


def is_carried(name: str) -> bool:
    """Whether a variable belongs to whoever gives a command, not to the process that carries it out."""
    return (name.startswith(("WANDB_", "RUNFERRY_")) or name == "NETRC") and name != "RUNFERRY_HOME"


def encode_request(request: Request) -> dict[str, Any]:
    """The request as it is sent."""
    return {
        "type": "request",
        "command": request.command,
        "arguments": dict(request.arguments),
        "cwd": request.cwd,
        "env": dict(request.environ),
    }


def decode_request(message: Mapping[str, Any]) -> Request:
    """The request that came; BadMessage says what is wrong with it."""
    command, arguments = message.get("command"), message.get("arguments", {})
    cwd, environ = message.get("cwd", ""), message.get("env", {})
    if message.get("type") != "request" or not isinstance(command, str) or not command:
        raise BadMessage("it names no command")
    if not isinstance(arguments, dict) or not isinstance(cwd, str):
        raise BadMessage("'arguments' must be an object and 'cwd' text")
    if not isinstance(environ, dict) or not all(isinstance(value, str) for value in environ.values()):
        raise BadMessage("'env' must be an object of texts")
    return Request(command, arguments, cwd, environ)


def send(connection: Connection, message: Mapping[str, Any]) -> None:
    """Send one message; Gone where nobody takes it."""
    data = json.dumps(message, separators=(",", ":")).encode()
    try:
        connection.send_bytes(data)
    except (OSError, ValueError) as error:  # ValueError: the handle was closed by another thread
        raise Gone(str(error)) from error


def receive(connection: Connection, limit: int) -> dict[str, Any]:
    """Take one message; Gone where the other side is, BadMessage for what is no JSON object or too long."""
    try:
        data = connection.recv_bytes(limit)
    except EOFError as error:
        raise Gone("the other side closed the channel") from error
    except OSError as error:
        if error.errno is None:  # multiprocessing's own, for a message beyond the limit
            raise BadMessage(f"it is longer than {limit} bytes") from error
        raise Gone(str(error)) from error
    except (ValueError, TypeError) as error:  # the handle was closed by another thread
        raise Gone(str(error)) from error
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"it is no JSON: {error}") from error
    if not isinstance(message, dict):
        raise BadMessage("it is no JSON object")
    return message

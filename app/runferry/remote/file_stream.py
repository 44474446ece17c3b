"""The file stream: lines of a run, each at its place. The same name stands on the server's side in `server`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from runferry.remote import answers
from runferry.remote.runs import Created
from runferry.remote.session import Session

FILES = {"history": "wandb-history.jsonl", "events": "wandb-events.jsonl", "console": "output.log"}
SUMMARY = "wandb-summary.json"


def console_line(text: str, is_stderr: bool, timestamp: float) -> str:
    """A console line as servers expect it: UTC time with microseconds, ``ERROR `` before it for stderr."""
    when = datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return f"{'ERROR ' if is_stderr else ''}{when} {text}"


@dataclass
class Lines:
    """Consecutive lines of one stream; `offset` is the line number on the server, `first` the one in the log."""

    stream: str
    offset: int
    content: list[str]
    first: int = 0


@dataclass
class StreamRequest:
    """One request. A server takes at most one stretch of lines per stream in it."""

    lines: list[Lines] = field(default_factory=list)
    summary: str | None = None
    uploaded: list[str] = field(default_factory=list)
    preempting: bool = False
    exit_code: int | None = None  # set: the run is over

    def payload(self) -> dict[str, Any]:
        """The request's JSON object."""
        files: dict[str, Any] = {
            FILES[one.stream]: {"offset": one.offset, "content": one.content} for one in self.lines if one.content
        }
        if self.summary is not None:
            files[SUMMARY] = {"offset": 0, "content": [self.summary]}
        payload: dict[str, Any] = {"files": files} if files else {}
        if self.uploaded:
            payload["uploaded"] = self.uploaded
        if self.preempting:
            payload["preempting"] = True
        if self.exit_code is not None:
            payload["complete"] = True
            payload["exitcode"] = self.exit_code
        return payload


def post(session: Session, run: Created, request: StreamRequest) -> dict[str, Any]:
    """Send it; gives the server's reply (`stopped`: somebody asked the run to stop). Raises AppError.

    An empty request is a sign of life.
    """
    path = "/files/{}/{}/{}/file_stream".format(
        *(quote(part, safe="") for part in (run.entity, run.project, run.run_id))
    )
    reply = session.post_json(path, request.payload(), "the file stream", answers.STREAM)
    return reply if isinstance(reply, dict) else {}

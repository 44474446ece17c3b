"""Lines to requests: places them, cuts them to the server's limits, sends them, and commits the acknowledgement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from runferry.remote import file_stream
from runferry.remote.failures import ConnectionLost, ServerFault, TimedOut, TooLarge
from runferry.remote.file_stream import Lines, StreamRequest
from runferry.remote.runs import Created
from runferry.remote.session import Session
from runferry.state.deliverables import SetAside
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync.placing import Placing
from runferry.sync.source import Part

SHORTEST_LONG = 1024  # characters; a server that takes no line of this length has another problem
LONGEST_LINE = (10 << 20) - (100 << 10)  # bytes; servers drop longer ones (wandb-formats 8.3)


class Streamer:
    """Sends the lines of one log to one run. on_stop: the server says, for the first time, that the run is to stop."""

    def __init__(
        self,
        session: Session,
        run: Created,
        ledger: Ledger,
        delivery: Delivery,
        request_bytes: int,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._run = run
        self._ledger = ledger
        self._delivery = delivery
        self._request_bytes = request_bytes
        self._on_stop = on_stop
        self.acknowledged = dict(delivery.acknowledged)
        self.rows_sent = 0  # by this process
        self.stop_requested = False
        self.placing = Placing(delivery)

    def send(self, part: Part) -> None:
        """Deliver a part's rows and events that are not acknowledged yet, and commit.

        Raises AppError; the same part can then be sent again.
        """
        self.placing.apply(part)
        rows = self._unsent("history", part.first["history"], part.history)
        events = self._unsent("events", part.first["events"], part.events)
        requests = list(self._requests(rows)) + list(self._requests(events))
        if part.preempting and (rows[2] or events[2]):  # read again, it is old news
            requests.append(StreamRequest(preempting=True))
        try:
            for request in _joined(requests):
                self._post_lines(request)
        except (ConnectionLost, TimedOut, ServerFault):
            self._session.meter.in_doubt(len(rows[2]))
            raise
        self.rows_sent += len(rows[2])
        at_position = part.at_position
        self.acknowledged["history"] = max(self.acknowledged["history"], at_position["history"])
        self.acknowledged["events"] = max(self.acknowledged["events"], at_position["events"])
        if rows[2] or events[2] or part.position >= self._delivery.position:
            self._ledger.acknowledge(self._delivery, self.acknowledged, part.position, at_position)

    def brings_more(self, part: Part) -> bool:
        """Whether a part has rows or events that the server has not acknowledged."""
        self.placing.apply(part)
        at = part.at_position
        return any(at[stream] > self.acknowledged[stream] for stream in ("history", "events"))

    def send_console(self, runs: list[tuple[int, list[str]]]) -> None:
        """Deliver stretches of console lines, each from its line number; earlier numbers rewrite lines."""
        for first, lines in runs:
            for request in self._requests(("console", first, lines)):
                self._post_lines(request)
            self.acknowledged["console"] = max(self.acknowledged["console"], first + len(lines))
        if runs:
            self._ledger.acknowledge(self._delivery, self.acknowledged, None, {})

    def post(self, request: StreamRequest) -> None:
        """Send one request as it is."""
        reply = file_stream.post(self._session, self._run, request)
        if reply.get("stopped") is True and not self.stop_requested:
            self.stop_requested = True
            self._on_stop()

    def _post_lines(self, request: StreamRequest) -> None:
        """Send lines; where the server finds them too large in smaller requests, down to one line, which is set aside.

        What it took is not asked for again: halves are sent in order, and a line has its place whatever becomes of it.
        """
        try:
            self.post(request)
        except TooLarge:
            halves = _halves(request)
            if halves is None:
                raise
            if len(halves) == 1 and not self._shortened(halves[0].lines[0]):
                raise
            for half in halves:
                self._post_lines(half)

    def _shortened(self, lines: Lines) -> bool:
        """Put in the place of a single line what shows that it is missing; false where that was done before."""
        line = lines.content[0]
        if len(line) <= SHORTEST_LONG:
            return False
        lines.content = [self._set_aside(lines.stream, lines.first, line, "more than the server takes")]
        return True

    def _unsent(self, stream: str, first: int, lines: list[str]) -> tuple[str, int, list[str]]:
        if lines and first > self.acknowledged[stream]:  # those behind a hole would take its place
            raise RuntimeError(f"{stream} lines {self.acknowledged[stream]} to {first} were left out")
        skip = min(max(self.acknowledged[stream] - first, 0), len(lines))
        return stream, first + skip, lines[skip:] if skip else lines

    def _requests(self, lines: tuple[str, int, list[str]]) -> Iterator[StreamRequest]:
        stream, first, content = lines
        if not content:
            return
        for place in self._ledger.place(self._delivery, stream, first, len(content)):
            start = place.first - first
            offset = place.server_first
            for piece in self._cut(stream, place.first, content[start : start + place.count]):
                yield StreamRequest(lines=[Lines(stream, offset, piece, offset + place.first - place.server_first)])
                offset += len(piece)

    def _cut(self, stream: str, first: int, content: list[str]) -> Iterator[list[str]]:
        """Pieces below the request limit; a line beyond the server's limit is set aside, its place kept."""
        piece: list[str] = []
        size = 0
        for number, line in enumerate(content, first):
            length = len(line)
            if length > LONGEST_LINE // 4 and len(line.encode()) > LONGEST_LINE:
                line = self._set_aside(stream, number, line, f"longer than {LONGEST_LINE} bytes")
                length = len(line)
            if piece and size + length > self._request_bytes:
                yield piece
                piece, size = [], 0
            piece.append(line)
            size += length + 3
        if piece:
            yield piece

    def _set_aside(self, stream: str, number: int, line: str, why: str) -> str:
        """Remember the line, and send what a reader needs to see that it is missing."""
        size = len(line.encode())
        if stream == "console":
            self._ledger.set_aside(self._delivery, SetAside(stream, number, size), why)
            return line[: min(LONGEST_LINE // 4, len(line) // 8)]
        row = json.loads(line)
        largest = max(row, key=lambda key: len(json.dumps(row[key])), default="")
        self._ledger.set_aside(self._delivery, SetAside(stream, number, size, row.get("_step"), largest), why)
        return json.dumps({key: value for key, value in row.items() if key in ("_step", "_runtime", "_timestamp")})


def _halves(request: StreamRequest) -> list[StreamRequest] | None:
    """The same lines in two requests; one request where only a single line is left; None where there are no lines."""
    if len(request.lines) > 1:
        return [StreamRequest(lines=[one]) for one in request.lines]
    if not request.lines or not request.lines[0].content:
        return None
    lines = request.lines[0]
    half = len(lines.content) // 2
    if not half:
        return [request]
    return [
        StreamRequest(lines=[Lines(lines.stream, lines.offset, lines.content[:half], lines.first)]),
        StreamRequest(lines=[Lines(lines.stream, lines.offset + half, lines.content[half:], lines.first + half)]),
    ]


def _joined(requests: list[StreamRequest]) -> list[StreamRequest]:
    """Rows and events of a live run's turn as one request; large ones stay apart, below the server's limit."""
    if len(requests) != 2 or requests[1].preempting or any(len(one.lines[0].content) > 1000 for one in requests):
        return requests
    if requests[0].lines[0].stream == requests[1].lines[0].stream:
        return requests
    if sum(len(line) for one in requests for line in one.lines[0].content) > 1 << 20:
        return requests
    return [StreamRequest(lines=requests[0].lines + requests[1].lines)]

"""The run on the server, as one log's sync uses it: fed, closed, compared.

Everything that `deliver_rest` sends is folded from the whole
log (config, summary, console, files), so it is compared with what was sent before and only sent when it changed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from runferry.errors import AppError
from runferry.formats.detect import RunFolder
from runferry.formats.readers import Extent
from runferry.remote import run_state, uploads
from runferry.remote.file_stream import StreamRequest
from runferry.remote.runs import Created
from runferry.state.deliverables import SentFile
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync import artifact_check, known, made_files, other_logs, verification
from runferry.sync.alerts import deliver_alerts
from runferry.sync.artifacts import RunArtifacts
from runferry.sync.code_on_server import ABOUT, CodeOnServer
from runferry.sync.connection import Connection
from runferry.sync.console_feed import ConsoleFeed
from runferry.sync.healing import Healing
from runferry.sync.host_samples import HostSamples
from runferry.sync.joined_console import JoinedConsole
from runferry.sync.keeping import Keeper
from runferry.sync.links import RunLinks
from runferry.sync.means import Means
from runferry.sync.meeting import Meeting
from runferry.sync.obstacles import file_gone, lines_too_large, links_left_out, names_taken
from runferry.sync.other_logs import OtherLogs
from runferry.sync.resumed_steps import Renumber
from runferry.sync.run_end import RunEnd
from runferry.sync.run_files import RunFiles, newest_files
from runferry.sync.source import Part, Source
from runferry.sync.streaming import Streamer
from runferry.sync.telling import telling_metric
from runferry.sync.verification import Comparison
from runferry.sync.wishes import Wishes

log = logging.getLogger(__name__)

HEARTBEAT = 30.0  # seconds without a request after which a server may believe that the run crashed
CONSOLE_WINDOW = 32  # lines that a terminal may still rewrite


class Outlet:
    """One run on one server, fed by one log."""

    def __init__(
        self, meeting: Meeting, connection: Connection, means: Means, wishes: Wishes, source: Source, folder: RunFolder
    ) -> None:
        session, ledger, delivery = connection.session, means.ledger, meeting.delivery
        self._means, self._wishes, self._source = means, wishes, source
        self._connection, self._meeting, self._delivery, self._run = connection, meeting, delivery, meeting.run
        self._streamer = Streamer(
            session, meeting.run, ledger, delivery, means.request_bytes, lambda: means.on_stop(source.log.parent)
        )
        links = RunLinks(folder, wishes, lambda: ledger.links.of(folder.path))
        self._files = RunFiles(session, meeting.run, ledger, delivery, links, wishes, means.clock, self._beat)
        self._code_there = CodeOnServer(session, meeting.run)
        self._artifacts = RunArtifacts(session, meeting.run, ledger, delivery, links, means.clock, self._beat)
        self._whole = meeting.whole
        self._end = RunEnd(ledger, delivery, source, meeting.whole)
        there = partial(run_state.file_content, session, meeting.run, made_files.CONSOLE)
        self._all_console = JoinedConsole(source, wishes, meeting.whole, there)
        self.deliver_samples = HostSamples(
            means, delivery, source, wishes, self._end.reopen, self._post, meeting.events_there
        ).deliver
        self._renumber = Renumber(delivery.starting_step) if delivery.starting_step is not None else None
        self.metric = ""  # the one that tells most, with its value
        self._last_row: str | None = None
        self._made: frozenset[str] = frozenset()  # names of the files that were made from the log
        self._was_over = False  # at the last delivery
        self._console = ConsoleFeed(source)
        self._other_logs = OtherLogs(source.log)
        self._keeper = Keeper(means, delivery, source)
        self._posted = means.clock.monotonic()
        self.url = meeting.url  # where people look at it
        self.healing = Healing(connection, means, delivery, meeting.run)

    @property
    def run(self) -> Created:
        """The run as the server calls it."""
        return self._run

    @property
    def acknowledged(self) -> dict[str, int]:
        """Lines of this log that the server has, per stream."""
        return self._streamer.acknowledged

    @property
    def position(self) -> int:
        """How far the log was read, in bytes."""
        return self._source.reader.position

    @property
    def rows_sent(self) -> int:
        """Rows that this process sent."""
        return self._streamer.rows_sent

    @property
    def files(self) -> dict[str, SentFile]:
        """Files that the server acknowledged."""
        return self._files.sent

    @property
    def files_waiting(self) -> int:
        """Files still to be sent."""
        return self._files.count_waiting(self._source.extras.files)

    @property
    def artifacts_sent(self) -> int:
        """Artifacts that the server committed."""
        return self._artifacts.committed

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the server to stop this run."""
        return self._streamer.stop_requested

    @property
    def is_unfinished(self) -> bool:
        """Whether the last `deliver_rest` left something for the next turn, so that rows need not wait for it."""
        return self._artifacts.is_unfinished

    def ask_again(self) -> None:
        """What could not be sent is to be tried at the next turn."""
        self._artifacts.ask_again()

    def send(self, part: Part) -> None:
        """Deliver rows and events. Raises AppError; the same part can then be given again."""
        if self._renumber is not None and not part.is_renumbered:
            part.history = self._renumber.rows(part.history, part.steps)
            part.is_renumbered = True
        if self._wishes.metrics_only:
            part.keep_metrics_only()
        before = self._streamer.rows_sent
        if self._streamer.brings_more(part):
            self._end.reopen()  # noted first: whatever breaks off afterwards, the end is told again
        self._streamer.send(part)
        if part.history:
            self._last_row = part.history[-1]
        if self._streamer.rows_sent > before:
            self._posted = self._means.clock.monotonic()

    def deliver_rest(self, is_over: bool, exit_code: int | None = None) -> None:
        """Deliver what is folded over the log: config, console, alerts, files, summary; or a sign of life.

        exit_code: the run has ended with it; the server is told so once per exit code. Raises AppError, also where
        only files could not be sent.
        """
        self._was_over = is_over
        if self._end.is_outgrown():
            return
        with self._whole.turn():
            self._whole.refresh(is_over)
            self._meeting.record.update(is_over)
        if not self._wishes.metrics_only:
            if self._wishes.console and (lines := self._console.take(self.acknowledged["console"], self._delivery)):
                self._end.reopen()
                self._streamer.send_console(lines)
                self._console.arrived()
                self._posted = self._means.clock.monotonic()
            deliver_alerts(
                self._connection.session, self._run, self._means.ledger, self._delivery, self._source.extras.alerts
            )
            made = self._made_files() if is_over else {}
            self._made = frozenset(made)
            kept = _code(self._means, self._wishes, self._source.log, is_over)
            code = self._code_there.without_anothers(kept, ABOUT in self._files.sent)
            later = self._files_of_later()
            entries = {name: one for name, one in self._source.extras.files.items() if name not in later}
            self._files.upload(entries, made, is_over, code)
            content, extras = self._source.reader.content, self._source.extras
            self._artifacts.deliver(extras.artifacts, extras.links, content.environment.root, is_over)
            self.deliver_samples()
        with self._whole.turn():
            self._whole.refresh(is_over)
            self._deliver_summary(is_over, exit_code)
        if not is_over:
            self._console.forget(is_wanted=self._wishes.console and not self._wishes.metrics_only)
            self.sign_of_life()
        if self._files.waiting is not None:  # everything else has been sent
            raise self._files.waiting

    def accept_cut(self) -> None:
        """A log that is shorter than what was sent of it, for good: what it gets from now on is new.

        Not so an old copy that lies elsewhere, nor the log of a run that is over: nobody writes to them.
        """
        is_written = self._end.closed is None and self._delivery.position_path == str(self._source.log)
        if is_written and self._streamer.placing.accept_cut(self._source, self._means.clock.time()):
            self._means.ledger.cut(self._delivery, self.position)

    def sign_of_life(self) -> None:
        """Tell a server that would otherwise believe that the run crashed."""
        if self._means.clock.monotonic() - self._posted > HEARTBEAT:
            self._end.reopen()
            self._post(StreamRequest())

    def _beat(self) -> None:
        """A sign of life during a long upload; none for a run that was told to be over."""
        if self._end.closed is None:
            self.sign_of_life()

    def obstacle(self) -> AppError | None:
        """Why this run cannot be called verified, whatever the server says; None when it can."""
        ledger, delivery = self._means.ledger, self._delivery
        sent = ledger.delivery(delivery.source, delivery.target).position
        if others := self._other_logs.unsent(max(sent, self.position)):
            return other_logs.obstacle(self._source.log, others)
        if self._files.left:
            return links_left_out(self._files.left, self._files.gone)
        if taken := names_taken(self._made, self._source.extras.files):
            return taken
        if self._files.gone:
            return file_gone(self._files.gone)
        if aside := ledger.lines_set_aside(delivery):
            return lines_too_large(aside)
        return self._artifacts.obstacle()

    def compare(self) -> Comparison:
        """What the server's answers say differently from what was sent."""
        ledger = self._means.ledger
        lines = ledger.server_lines(self._delivery.target)
        content = self._source.reader.content
        rows = content.rows + self._streamer.placing.missing["history"]
        short = rows - self.acknowledged["history"]
        if short > 0:
            return Comparison([f"{short} rows are not acknowledged"])
        is_old = self._end.is_outgrown()
        self._whole.refresh(self._was_over)
        expected = verification.Expected(
            lines=lines,
            last_row=self._last_row
            if content.rows and _is_end(ledger, self._delivery, rows, lines["history"])
            else None,
            summary="" if is_old else self._whole.expected_summary(),
            config="" if is_old else self._whole.plain_config(),
            exit_code=None if is_old else self._end.expected,
            files=newest_files(ledger, self._delivery, self._files.sent),
            artifacts=artifact_check.expected(
                self._source.extras.artifacts, self._artifacts.sent, self._artifacts.open_file
            ),
            is_continued=self._whole.is_continued,
            tells_holes=self._connection.server.is_runferry,
        )
        return verification.compare(self._connection.session, self._run, expected)

    def send_again(self, files: Sequence[str], lacks: bool) -> bool:
        """The server does not have these files as they were sent, or lacks some of what it was told about the run:
        whether the next delivery sends any of it again."""
        self._code_there.ask_again()
        if lacks:
            self._meeting.record.send_again()
            self._end.tell_again()
        return self._files.distrust(files) or lacks

    def record(self, state: str, error: AppError | None, counts: dict[str, Any]) -> None:
        """Keep in the ledger what people should see of this run while nobody runs."""
        self._keeper.record(state, error, counts)

    def verified(self, counts: dict[str, Any], read: Extent | None) -> None:
        """Remember it. read: how large and old the log of a run that is over was before it was read to its end."""
        self._keeper.verified(counts, read, lambda: known.proof(self._last_row, self._whole, self._end.expected))

    # -- parts of a delivery ------------------------------------------------------------------------------------------

    def _deliver_summary(self, is_over: bool, exit_code: int | None) -> None:
        """Summary, notes of uploads and the end of the run: one request, so that a small run costs few."""
        summary = self._whole.summary(is_over)
        self.metric = telling_metric(self._source.reader.content.summary.tree())
        uploaded = self._files.unannounced()
        news = summary if self._end.has_news(summary) else None
        if news is not None:
            self._end.reopen()
        ended = self._end.exit_to_tell(exit_code)
        if news is None and not uploaded and ended is None:
            return
        self._post(StreamRequest(summary=news, uploaded=uploaded, exit_code=ended))
        self._files.announced(uploaded)
        self._end.told(news, ended)

    def _files_of_later(self) -> set[str]:
        """Names of the files that other logs of the run wrote later, ours or somebody else's: those stay."""
        there = uploads.files(self._connection.session, self._run) if self._whole.is_continued else {}
        return self._whole.files_of_later() | (there.keys() - self._files.sent.keys())

    def _made_files(self) -> Mapping[str, bytes]:
        return made_files.make(self._source, self._wishes, self._whole, self._all_console.text)

    def _post(self, request: StreamRequest) -> None:
        self._streamer.post(request)
        self._posted = self._means.clock.monotonic()


def _code(means: Means, wishes: Wishes, log: Path, is_over: bool) -> Mapping[str, Path]:
    """The code changes that may be sent there."""
    may = means.is_local if wishes.code is None else wishes.code
    return means.code(log, is_over) if may else {}


def _is_end(ledger: Ledger, delivery: Delivery, rows: int, lines: int) -> bool:
    """Whether the last of a log's rows is the run's last line on the server."""
    placed = ledger.place(delivery, "history", rows - 1, 1)
    return bool(placed) and placed[0].server_first == lines - 1

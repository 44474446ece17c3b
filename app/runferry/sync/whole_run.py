"""The run as all its logs tell it: what one log's sync says to the server about the run as a whole.

A log that is alone is its run, and costs nothing here. Where a run has several logs (it was resumed, a test run trained
beside it), or a server had it from somebody else, each log's share is kept in the ledger, and what is sent is what they
add up to: the same whichever of them sends it, and in whatever order they come.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runferry.clock import Clock
from runferry.errors import AppError
from runferry.formats.detect import is_part_of_a_run
from runferry.formats.entries import RunContent
from runferry.formats.json_text import dumps
from runferry.formats.run_config import config_value, program
from runferry.formats.share import Joined, Share, join, share_of, told_by_server
from runferry.formats.summary import count_numbers, figures_of, final_summary_json, summary_json
from runferry.remote.runs import RemoteRun
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.state.shares import SOMEBODY_ELSE, SiblingLog
from runferry.sync.source import Source
from runferry.sync.wishes import Wishes
from runferry.version import __version__

log = logging.getLogger(__name__)

STILL = 300.0  # seconds without anything new after which an open log is not taken for growing


@dataclass(frozen=True)
class Sibling:
    """Another log of the same run. `closed`: the exit code that the server was told; `share`: None where not known."""

    delivery: int
    log: Path
    identity: str
    closed: int | None
    share: Share | None


class WholeRun:
    """For one log on its way to one run. `turn` first, then `refresh`; the rest tells what that found."""

    def __init__(self, ledger: Ledger, delivery: Delivery, source: Source, wishes: Wishes, clock: Clock) -> None:
        self._ledger, self._delivery, self._source = ledger, delivery, source
        self._private, self._clock = wishes.metrics_only, clock
        self._final: tuple[int, str] | None = None
        self._parsed: dict[int, tuple[str, Share]] = {}
        self._own: tuple[object, Share] | None = None
        self.siblings: list[Sibling] = []
        self._joined: Joined | None = None
        self._later_there: Share | None = None  # what somebody else added after all that we know of
        self._is_part = is_part_of_a_run(source.reader.path)
        self.is_changed_there = False  # whether somebody else told the server something of the run since we looked last
        self.has_others = False  # whether the server had the run from somebody else, too

    def met(self, remote: RemoteRun | None, is_first: bool, ended: Callable[[], int | None]) -> None:
        """What the server has of the run belongs to it, too, unless all of that is ours.

        is_first: nothing was known of the run on the server until now. ended: asks how the run ended there; None: it
        goes on, or that is not told.
        """
        if remote is None:
            return
        ours = self._ledger.count_placed(self._delivery.target)
        there = remote.lines["history"]
        is_foreign = there > ours or (is_first and not there)
        self._look_at_siblings()
        if is_foreign or any(one.share is None for one in self.siblings):
            found, before = told_by_server(remote.config, remote.summary, ended()), self._share(SOMEBODY_ELSE)
            if before is not None and found.closed is None and found.active <= before.active:
                found = replace(found, closed=before.closed)  # it runs again because we sent something
            self.is_changed_there = found != before
            self._keep(SOMEBODY_ELSE, found)
        elif there and self._share(SOMEBODY_ELSE) is not None:  # found to be of our logs after all
            self._ledger.drop_share(self._delivery.target, SOMEBODY_ELSE)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Of several logs of one run one speaks at a time: what is sent must not be older than what was sent."""
        with self._ledger.turn_of(self._delivery.target):
            yield

    def refresh(self, is_over: bool) -> None:
        """Bring it up to date with this log as far as it was read, and with the shares of the others."""
        self._look_at_siblings()
        base = self._share(SOMEBODY_ELSE)
        self.has_others = base is not None
        if not self.siblings and base is None:
            self._joined = self._later_there = None
            return
        own = self._own_share(is_over)
        self._keep(self._delivery.id, own)
        ours = [one for one in (own, *(one.share for one in self.siblings)) if one is not None]
        self._later_there = None
        if base is not None and base.active > max(one.active for one in ours):
            # When it was begun no server tells; what ends later was most likely begun later, too: a run that went on
            # elsewhere. An old log must not turn it back.
            self._later_there = base = replace(base, started=base.active)
        self._joined = join(ours if base is None else [base, *ours])

    @property
    def is_alone(self) -> bool:
        """Whether this log is all there is of the run."""
        return self._joined is None

    @property
    def started(self) -> float:
        """When this log was begun, seconds since the epoch."""
        return self._content.run.start_time or 0.0

    @property
    def is_last(self) -> bool:
        """Whether no other log of the run was written to later than this one."""
        return not self._is_part and not self._later() and not self.is_continued

    def config(self) -> str:
        """The run's config as servers want it, as JSON."""
        return dumps(self.config_value())

    def config_value(self) -> dict[str, Any]:
        """The same as an object."""
        if self._joined is not None:
            return self._joined.config
        return config_value(self._content, __version__, with_environment=not self._private)

    def plain_config(self) -> str:
        """Key by key what the training set, and its metric definitions, as JSON."""
        values = {key: one["value"] for key, one in self.config_value().items()}
        return dumps({**values, "_wandb": {"m": values.get("_wandb", {}).get("m", [])}})

    def about(self) -> dict[str, Any]:
        """Name, notes, tags and the like, by the names of `share.ABOUT`; empty ones say nothing."""
        return self._joined.about if self._joined is not None else self._own_about()

    @property
    def sweep(self) -> str:
        """The sweep that the log names."""
        return self._content.run.sweep_id

    def summary(self, is_over: bool) -> str:
        """The run's summary as JSON; the numbers of a log that is alone as they stand in it."""
        if self._joined is not None:
            return dumps(self._joined.summary)
        return self.final_summary() if is_over else summary_json(self._content)

    def expected_summary(self) -> str:
        """What a server must have; without what a log that grows right now may just have changed."""
        if self._joined is None:
            return self.final_summary()
        growing: set[str] = set()
        for one in self.siblings:
            if one.share is not None and one.closed is None and self._clock.time() - one.share.active < STILL:
                growing.update(one.share.summary)
        return dumps({key: value for key, value in self._joined.summary.items() if key not in growing})

    def exit_code(self, own: int | None) -> int | None:
        """How the run ended: as the log that was written to last says. None: that one goes on, or this one does.

        A part of the run by a child process says nothing of that.
        """
        if own is not None and self._later_there is not None:
            return self._later_there.closed
        later = self._later()
        if own is None or any(one.closed is None for one in later) or (self._is_part and not later):
            return None
        return max(later, key=lambda one: one.share.active if one.share else 0.0).closed if later else own

    def _later(self) -> list[Sibling]:
        """Whole logs that were written to later than this one; for a part of the run all of them."""
        since = -1.0 if self._is_part else self._active()
        return [one for one in self.siblings if one.share and not one.share.is_part and one.share.active > since]

    def files_of_later(self) -> set[str]:
        """Names of the files that logs which were written to later have sent: a run has one file of a name."""
        active = self._active()
        later = [one.delivery for one in self.siblings if one.share is not None and one.share.active > active]
        return self._ledger.names_of_files(later)

    @property
    def is_continued(self) -> bool:
        """Whether somebody else went on with the run after all that we know of: a file of a name is then theirs."""
        return self._later_there is not None

    def final_summary(self) -> str:
        """This log's own, by its records and by the rows behind the last of them; made once per state of the log."""
        reader = self._source.reader
        if self._final is None or self._final[0] != reader.position:
            self._final = (reader.position, final_summary_json(reader.path, reader.content, reader.position))
        return self._final[1]

    # -- shares -------------------------------------------------------------------------------------------------------

    @property
    def _content(self) -> RunContent:
        return self._source.reader.content

    def _active(self) -> float:
        return self._own[1].active if self._own is not None else 0.0

    def _own_about(self) -> dict[str, Any]:
        return {} if self._private else about_of(self._content)

    def _own_share(self, is_over: bool) -> Share:
        content, position = self._content, self._source.reader.position
        state = (position, is_over)
        if self._own is None or self._own[0] != state:
            summary = json_object(self.final_summary() if is_over else summary_json(content))
            config = config_value(content, __version__, with_environment=not self._private)
            counts = _counts(self._source.reader.path, content, summary, position) if is_over else {}
            self._own = (state, share_of(content, config, summary, self._own_about(), counts, is_part=self._is_part))
        return self._own[1]

    def _look_at_siblings(self) -> None:
        known = self._ledger.siblings(self._delivery)
        self.siblings = [
            Sibling(one.delivery, Path(one.path), one.identity, one.closed, self._share_of(one)) for one in known
        ]

    def _share_of(self, sibling: SiblingLog) -> Share | None:
        """As it was kept; a log that was alone until now is read once, where it still lies there."""
        found = self._share(sibling.delivery)
        if found is not None or not sibling.path:
            return found
        found = _read(Path(sibling.path), sibling.identity)
        if found is not None:
            self._keep(sibling.delivery, found)
        return found

    def _share(self, delivery: int) -> Share | None:
        text = self._ledger.share(self._delivery.target, delivery)
        if text is None:
            return None
        if self._parsed.get(delivery, ("",))[0] != text:
            try:
                self._parsed[delivery] = (text, Share.from_json(text))
            except (ValueError, TypeError, KeyError):  # a disk has flipped bits in it: as if it was never kept
                return None
        return self._parsed[delivery][1]

    def _keep(self, delivery: int, share: Share) -> None:
        self._ledger.keep_share(self._delivery.target, delivery, share.as_json())


def about_of(content: RunContent) -> dict[str, Any]:
    """What a log says about its run in texts."""
    run = content.run
    return {
        "name": run.name, "notes": run.notes, "tags": list(run.tags), "group": run.group, "job_type": run.job_type,
        "host": run.host, "git_commit": run.git_commit, "git_remote": run.git_remote, "program": program(content),
    }  # fmt: skip


def _read(path: Path, identity: str) -> Share | None:
    """The share of a log that nobody carries now; without what only its own sync may decide to tell."""
    source = Source.alone(path)
    try:
        while not source.read(is_over=True).at_end:
            pass
        if source.identity != identity:
            return None
    except (AppError, OSError) as error:
        log.info("%s cannot be read for another log of its run: %s", path, error)
        return None
    content = source.reader.content
    summary = json_object(final_summary_json(path, content, source.reader.position))
    counts = _counts(path, content, summary, source.reader.position)
    untold = [name for name, value in about_of(content).items() if value]
    config = config_value(content, __version__, with_environment=False)
    return share_of(content, config, summary, {}, counts, untold, is_part_of_a_run(path))


def _counts(path: Path, content: RunContent, summary: Mapping[str, Any], stop: int) -> dict[Any, int]:
    """How many numbers are behind each mean."""
    means = [key for key, rule in figures_of(content.metrics, summary).items() if "mean" in rule.summary]
    return count_numbers(path, means, stop) if means else {}


def json_object(text: str) -> dict[str, Any]:
    """A JSON object that we made."""
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {}

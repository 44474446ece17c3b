"""What the server was told of a run's end and summary, where several logs tell it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from runferry.clock import SystemClock
from runferry.state.database import Database
from runferry.state.ledger import Ledger
from runferry.sync.run_end import RunEnd
from runferry.sync.source import Source
from runferry.sync.whole_run import WholeRun


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Database(tmp_path / "state.db") as opened:
        yield Ledger(opened, SystemClock())


def end_of(ledger: Ledger, log: str, is_changed_there: bool = False) -> RunEnd:
    delivery = ledger.delivery(ledger.source(log, "r", Path(f"/runs/{log}")), ledger.target("s", "e", "p", "r"))
    whole = SimpleNamespace(is_alone=False, is_changed_there=is_changed_there)  # no log is read here
    return RunEnd(ledger, delivery, cast(Source, None), cast(WholeRun, whole))


def test_a_summary_that_another_log_replaced_is_told_again(ledger: Ledger) -> None:
    """One log's sync says what both add up to; the other's, made while less was read, comes behind it."""
    one, other = end_of(ledger, "one"), end_of(ledger, "other")
    one.told('{"both": 1}', 0)
    other.told('{"part": 1}', 0)
    assert one.has_news('{"both": 1}')
    one.told('{"both": 1}', None)
    assert not one.has_news('{"both": 1}')
    assert not end_of(ledger, "other").has_news('{"both": 1}')


def test_one_that_somebody_else_replaced_is_told_again(ledger: Ledger) -> None:
    end_of(ledger, "one").told('{"both": 1}', 0)
    assert not end_of(ledger, "one").has_news('{"both": 1}')
    assert end_of(ledger, "one", is_changed_there=True).has_news('{"both": 1}')

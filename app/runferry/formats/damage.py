"""What a log has lost, as a report for people."""

from __future__ import annotations

from runferry.counted import count_of
from runferry.formats.entries import Gap, RunContent
from runferry.status import DamageReport
from runferry.wire.scanning import FILE_START


def damage_report(content: RunContent) -> DamageReport | None:
    """The gaps in which something was lost, and each kind of value that had to be left out, as a gap without bytes.

    A torn tail is no gap; a gap without a lost record is none either.
    """
    gaps = [gap for gap in content.gaps if gap.records != 0 and gap.reason != FILE_START]
    odd = content.odd.details()
    if not gaps and not odd:
        return None
    rows = [_rows(gap, content) for gap in gaps]
    return DamageReport(
        gaps=len(gaps) + len(odd),
        bytes=sum(gap.end - gap.start for gap in gaps),
        rows=sum(one for one in rows if one is not None) if any(one is not None for one in rows) else None,
        details=(*(_detail(gap) for gap in gaps), *odd),
    )


def _rows(gap: Gap, content: RunContent) -> int | None:
    """About how many rows are missing: from the number of records, and never more than steps are missing."""
    between = None
    if gap.before_step is not None:
        between = gap.before_step - (gap.after_step if gap.after_step is not None else -1) - 1
    if gap.records is None:
        return max(between, 0) if between is not None else None
    total = sum(content.counts.values())
    guess = round(gap.records * content.rows / total) if total else gap.records
    return min(guess, max(between, 0)) if between is not None else guess


def _detail(gap: Gap) -> str:
    after = "the start" if gap.after_step is None else f"step {gap.after_step}"
    before = "the end" if gap.before_step is None else f"step {gap.before_step}"
    lost = "" if gap.records is None else f", {count_of(gap.records, 'record')}"
    return f"bytes {gap.start} to {gap.end} ({gap.reason}){lost}, between {after} and {before}"

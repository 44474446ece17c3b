"""Which folders of finished runs are looked into, and how often, when measurements may come late."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runferry.engine import late_samples
from runferry.engine.late_samples import LateSamples


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders whose names were listed."""
    found: list[str] = []
    real = late_samples.collected_in

    def noting(folder: str) -> late_samples.Sizes:
        found.append(folder)
        return real(folder)

    monkeypatch.setattr(late_samples, "collected_in", noting)
    return found


def runs(root: Path, count: int) -> list[str]:
    places = [root / f"run{number}" for number in range(count)]
    for one in places:
        one.mkdir()
    return [str(one) for one in places]


def test_each_is_told_once_whenever_its_measurements_change(tmp_path: Path) -> None:
    late, (one, two) = LateSamples(), runs(tmp_path, 2)
    assert late.look([one, two]) == []
    file = Path(one) / "runferry-samples-node-1.jsonl"
    file.write_text("1\n")
    os.utime(one, (1, 1))  # as rsync sets it
    assert late.look([one, two]) == [one]
    assert late.look([one, two]) == []
    with file.open("a") as more:
        more.write("2\n")
    assert late.look([one, two]) == [one]
    file.unlink()
    assert late.look([one, two, str(tmp_path / "gone")]) == []


def test_of_many_a_part_is_looked_at_in_turn_and_old_ones_are_not_listed_again(
    tmp_path: Path, listed: list[str]
) -> None:
    places = runs(tmp_path, 5)
    made = Path(places[0]).stat().st_ctime
    clock = iter([made + 10_000.0, made + 20_000.0, made - 10.0, made + 20_000.0])
    late = LateSamples(2, lambda: next(clock))
    for _ in range(3):
        late.look(places)
    assert listed == places
    for _ in range(3):
        late.look(places)
    assert listed == places  # nothing came into them since
    for _ in range(6):
        late.look(places)
    assert listed == places * 2  # the clock was set back: everything is looked at once more

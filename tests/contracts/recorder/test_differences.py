"""The page of differences from the official client is true: each call is made with both, each difference is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import differences

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def found(peer: Path, tmp_path_factory: pytest.TempPathFactory) -> list[differences.Difference]:
    """What differs, by one process of each client."""
    return differences.found(peer, tmp_path_factory.mktemp("both"))


def test_every_difference_is_written_down_with_its_reason(found: list[differences.Difference]) -> None:
    assert [one for one in found if differences.reason_of(one) is None] == []
    assert len(found) > 200, "the two clients were not compared"
    # Made anew by `python tests/contracts/recorder/differences.py`; read what changed before it is committed.
    assert differences.page(found) == differences.PAGE.read_text(encoding="utf-8")


def test_each_reason_has_something_to_explain(found: list[differences.Difference]) -> None:
    assert [one.title for one in differences.REASONS if not any(differences.reason_of(d) is one for d in found)] == []

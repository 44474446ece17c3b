"""Opt-outs of the training's shell and of the app: the stricter one wins."""

from __future__ import annotations

import pytest

from runferry.sync.wishes import Wishes, combine, glob_matches


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("*.patch", "diff.patch", True),
        ("*.patch", "code/diff.patch", False),
        ("code/*", "code/train.py", True),
        ("code/*", "code/a/train.py", False),
        ("*", "a/b", False),
        ("model-?.pt", "model-1.pt", True),
    ],
)
def test_globs_match_part_by_part(glob: str, name: str, matches: bool) -> None:
    assert glob_matches(glob, name) is matches


def test_the_stricter_wish_wins() -> None:
    marker = {"opt_outs": {"metrics_only": True, "console": "off", "ignore_globs": ["*.pt"]}}
    wishes = combine(Wishes(ignore_globs=("*.patch",)), marker)
    assert wishes.metrics_only
    assert not wishes.console
    assert wishes.ignore_globs == ("*.patch", "*.pt")
    assert not wishes.may_send_file("notes.txt")


def test_a_marker_cannot_loosen_the_app() -> None:
    wishes = combine(Wishes(metrics_only=True, console=False), {"opt_outs": {"metrics_only": False, "console": "wrap"}})
    assert wishes.metrics_only
    assert not wishes.console


def test_a_broken_marker_is_no_wish() -> None:
    assert combine(Wishes(), {"opt_outs": "nonsense"}) == Wishes()

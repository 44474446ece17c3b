"""One owner per state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from runferry.control import Occupied, Owner, find_owner
from runferry.control.owner import info_file
from runferry.errors import NeedsUser
from runferry.paths import Home, find_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home({"RUNFERRY_HOME": str(tmp_path / "home")})


def test_the_second_is_told_who_the_first_is(home: Home) -> None:
    assert find_owner(home) is None
    with Owner(home, "watch") as first:
        assert first.held
        with pytest.raises(Occupied) as caught:
            Owner(home).acquire(timeout=0)
        assert caught.value.info == find_owner(home)
        assert caught.value.info is not None
        assert caught.value.info.kind == "watch"
        assert "watch" in caught.value.message
    assert find_owner(home) is None
    assert not info_file(home).exists()


def test_released_it_can_be_taken_again(home: Home) -> None:
    owner = Owner(home)
    owner.acquire()
    owner.release()
    owner.release()
    with Owner(home):
        assert not owner.held


def test_information_that_is_broken_or_missing_does_not_matter(home: Home) -> None:
    with Owner(home):
        info_file(home).write_text("{")
        assert find_owner(home) is not None, "the lock is what counts"
        with pytest.raises(Occupied) as caught:
            Owner(home).acquire(timeout=0)
        assert caught.value.info is None


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NeedsUser) as caught:
        Owner(find_home({"RUNFERRY_HOME": str(tmp_path / "file")})).acquire()
    assert caught.value.slug == "state-unusable"

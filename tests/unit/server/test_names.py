"""Names survive the way to disk and back, and never leave their folder."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runferry.server.names import MAX_COMPONENT, NameRefusedError, Names, original

ANY = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=()), min_size=1, max_size=40)
BAD = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@given(ANY, st.booleans())
def test_a_name_comes_back_and_is_safe_everywhere(name: str, fold: bool) -> None:
    component = Names(fold).component(name)
    assert original(component) == name
    assert not BAD.search(component)
    assert component not in (".", "..")
    assert component[-1] not in ". "
    assert not DEVICE.match(component)
    component.encode()


@given(ANY, ANY)
def test_where_case_is_ignored_two_names_stay_two(one: str, other: str) -> None:
    names = Names(fold=True)
    if one != other:
        assert names.component(one).lower() != names.component(other).lower()


def test_upper_and_lower_case_differ_only_where_the_disk_needs_it() -> None:
    assert Names(fold=False).component("Run") == "Run"
    assert Names(fold=True).component("Run").lower() != Names(fold=True).component("run").lower()


@pytest.mark.parametrize("name", ["con", "NUL", "aux.txt", "COM1", "lpt9.log", "a.", "b ", "..", "x:y", "50%", "a\\b"])
def test_what_windows_refuses_is_escaped(name: str) -> None:
    component = Names().component(name)
    assert component != name
    assert original(component) == name


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\0b", "x" * 5000])
def test_paths_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(NameRefusedError):
        Names().path(name)


def test_long_names_are_cut_to_different_files() -> None:
    one, other = Names().component("ä" * 300), Names().component("ä" * 301)
    assert one != other
    assert len(one.encode()) <= MAX_COMPONENT
    assert original(one) is None

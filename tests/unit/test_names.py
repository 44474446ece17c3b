"""Names that a project or a team cannot have: what is said, and that what W&B takes is taken."""

from __future__ import annotations

import pytest

from runferry.errors import UsageError
from runferry.names import LONGEST, check_name, why_no_name


@pytest.mark.parametrize("name", ["", "demo", "my project", "a-b_c.d", "größe", "x" * LONGEST])
def test_what_servers_take(name: str) -> None:
    assert why_no_name("project", name) == ""


@pytest.mark.parametrize("mark", "/\\#?%:")
def test_each_forbidden_mark_is_named(mark: str) -> None:
    assert why_no_name("project", f"a{mark}b") == f"a project's name cannot hold {mark} ({f'a{mark}b'!r} does)"


@pytest.mark.parametrize("name", [" ", ".", "..", "a\nb", "a\x00b"])
def test_what_would_break_an_address(name: str) -> None:
    assert "cannot be the name of a team" in why_no_name("team", name)


def test_too_long() -> None:
    assert why_no_name("team", "x" * 129) == "a team's name has at most 128 characters, and this one has 129"


def test_the_command_line_gets_all_three_parts() -> None:
    check_name("project", "demo")
    with pytest.raises(UsageError) as raised:
        check_name("project", "a/b c")
    assert raised.value.slug == "bad-project"
    assert raised.value.message.startswith("A project's name cannot hold / ")
    assert raised.value.todo

"""What a repository's remote holds beside its place (a password, a token) is not written into a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runferry.recorder.git import find, without_credentials

PLAIN = "https://example.org/me/r.git"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:secret@example.org/me/r.git", PLAIN),
        ("https://me:se@cret@example.org/me/r.git", PLAIN),
        ("https://secret@example.org/me/r.git", PLAIN),
        ("https://git:secret@example.org/me/r.git", PLAIN),
        ("https://git@secret@example.org/me/r.git", PLAIN),
        ("https://example.org/me/r.git?private_token=secret", PLAIN),
        ("https://example.org/me/r.git#secret", PLAIN),
        ("https://me:secret@example.org?x=/y@z", "https://example.org"),
        ("ssh://git@example.org:22/me/r.git", "ssh://git@example.org:22/me/r.git"),
        ("git@example.org:me/r.git", "git@example.org:me/r.git"),
        ("https://example.org/@me/r.git", "https://example.org/@me/r.git"),
        ("/srv/git/r?.git", "/srv/git/r?.git"),
        ("", ""),
    ],
)
def test_only_the_place_is_told(url: str, told: str) -> None:
    assert without_credentials(url) == told


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize("name", ["HEAD", "config", "packed-refs", "commondir"])
def test_a_pipe_in_a_repository_does_not_hold_the_training(tmp_path: Path, name: str) -> None:
    place = tmp_path / ".git"
    place.mkdir()
    (place / "HEAD").write_text("ref: refs/heads/main\n")
    (place / name).unlink(missing_ok=True)
    os.mkfifo(place / name)
    found = find(str(tmp_path))
    assert found is not None
    assert found.commit == ""

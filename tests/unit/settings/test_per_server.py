"""Settings of single servers: kept in the file, tolerant of what a newer version wrote, checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runferry.errors import UsageError
from runferry.settings import ServerSettings, Settings, for_server, with_server

URL = "https://wandb.company.example"


def test_they_are_saved_and_read_back(tmp_path: Path) -> None:
    own = ServerSettings(URL, ("ca-1.pem",), True, "/me.pem", "/me.key")
    settings = Settings.load(tmp_path / "settings.json", {}).changed(per_server=(own,), certificates=("all.pem",))
    settings.save()
    again = Settings.load(tmp_path / "settings.json", {})
    assert again.per_server == (own,)
    assert again.certificates == ("all.pem",)
    assert for_server(again.per_server, URL + "/") == own
    assert for_server(again.per_server, "https://other.example") == ServerSettings("https://other.example")
    assert again.certificates_folder == tmp_path / "certificates"


def test_unknown_keys_stay(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"per_server": [{"url": URL, "later": 1}]}))
    settings = Settings.load(path, {})
    changed = with_server(settings.per_server, ServerSettings(URL, relaxed_form=True, extra={"later": 1}))
    settings.changed(per_server=changed).save()
    assert json.loads(path.read_text())["per_server"] == [{"later": 1, "url": URL, "relaxed_form": True}]


def test_one_that_says_nothing_is_left_out() -> None:
    assert with_server((ServerSettings(URL, relaxed_form=True),), ServerSettings(URL)) == ()


@pytest.mark.parametrize(
    "value",
    ["x", [1], [{}], [{"url": "nothing"}], [{"url": URL, "relaxed_form": "yes"}], [{"url": URL, "certificates": "x"}]],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, value: object) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"per_server": value}))
    settings = Settings.load(path, {})
    assert settings.per_server == ()
    assert "per_server" in settings.problems[0].title
    with pytest.raises(UsageError):
        settings.changed(per_server=value)

"""W&B's settings files in the shapes in which people have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from runferry.settings import wandb_settings


def test_local_wins_over_global(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "settings").write_text("[default]\nbase_url = https://wandb.example.com\nentity = global\n\n")
    (tmp_path / "work" / "wandb").mkdir(parents=True)
    (tmp_path / "work" / "wandb" / "settings").write_text("[default]\nentity = team\nproject = p\nmode = offline\n")
    expected = {"base_url": "https://wandb.example.com", "entity": "team", "project": "p", "mode": "offline"}
    environ = {"WANDB_CONFIG_DIR": str(config)}
    assert wandb_settings(tmp_path / "work", environ) == expected
    assert wandb_settings(tmp_path / "work" / "wandb", environ) == expected


def test_dot_wandb_is_taken_where_it_exists(tmp_path: Path) -> None:
    for name in ("wandb", ".wandb"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings").write_text(f"[default]\nproject = {name}\n")
    assert wandb_settings(tmp_path, {"HOME": str(tmp_path / "none")}) == {"project": ".wandb"}


@pytest.mark.parametrize(
    "text",
    [
        "project = p%s\n",
        "\ufeff[default]\nproject: p%s",
        "[default]\nthis line is nothing\nproject = p%s\n",
        "[default]\nproject = x\nproject = p%s\n",
        "[other]\nproject = x\n[default]\nproject = p%s\n[zzz]\nproject = y\n",
        "[default]\nflag\nproject = p%s\n",
        "# comment\n[default]\n; other\nproject = p%s\n",
    ],
)
def test_odd_layouts(tmp_path: Path, text: str) -> None:
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "settings").write_text(text)
    assert wandb_settings(tmp_path, {"HOME": str(tmp_path / "none")})["project"] == "p%s"


def test_unreadable_or_binary_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "wandb" / "settings").mkdir(parents=True)
    assert wandb_settings(tmp_path, {"HOME": str(tmp_path / "none")}) == {}
    (tmp_path / "b" / "wandb").mkdir(parents=True)
    (tmp_path / "b" / "wandb" / "settings").write_bytes(b"\x00\xff\xfe[[[")
    assert isinstance(wandb_settings(tmp_path / "b", {"HOME": str(tmp_path / "none")}), dict)

"""The support file goes to strangers: no secret in it, nothing that acts where it is looked at, and never large."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from runferry.clock import SystemClock
from runferry.engine.engine import Engine
from runferry.engine.support_file import LOG_TAIL, write_support_file
from runferry.logs import secrets
from runferry.paths import Home
from runferry.settings import Settings

KEY = "local-" + "5" * 40
ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e\x9b"


def test_what_a_support_file_holds(tmp_path: Path) -> None:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    home.logs.mkdir()
    secrets.learn(KEY)
    (home.logs / "app.log").write_text("x" * 3 * LOG_TAIL + f"\nline {ESCAPE} key {KEY}\rforged\nlast")
    (tmp_path / "secret").write_text("the file that a link leads to")
    os.mkfifo(home.logs / "pipe.log")
    for number in range(50):
        (home.logs / f"old-{number}.log").write_text("old")
    settings = Settings.load(tmp_path / "none", {}).changed(
        proxy_url=f"http://me:{KEY}@proxy:1", proxy_pac="x" * 50_000, proxy_exceptions=ESCAPE
    )
    target = tmp_path / "support.zip"
    with Engine(home, settings, {}, SystemClock()) as engine:
        write_support_file(engine, target)
    assert target.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(target) as archive:
        parts = {one: archive.read(one).decode() for one in archive.namelist()}
    whole = "\n".join(parts.values())
    assert sum(len(one) for one in parts.values()) < 4 << 20
    assert KEY not in whole
    assert not set(whole) & set("\x1b\x07\r\u202e\x9b")
    assert "last" in parts["logs/app.log"]
    assert "not readable" in parts.get("logs/pipe.log", "not readable")
    assert len(parts) <= 24  # 20 logs, and four parts of its own

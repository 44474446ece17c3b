"""Links of which something was decided, as the state keeps them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from runferry.state import schema
from runferry.state.asked import Asked, AskedTable
from runferry.state.database import Database
from runferry.state.links import KnownLink, LinkTable


def test_one_row_for_each_link_whatever_its_name(tmp_path: Path) -> None:
    odd = KnownLink("n\udcff/ü\n.pt", f"{2**63}:{2**64 - 1}", "/data/\udcfe", True)
    plain = KnownLink("a", "1:2", "/data/a", False)
    with Database(tmp_path / "state.db") as database:
        table = LinkTable(database)
        table.keep(Path("/runs/\udcff"), [odd, plain])
        table.keep(Path("/runs/other"), [plain])
    with Database(tmp_path / "state.db") as database:
        assert LinkTable(database).of(Path("/runs/\udcff")) == {odd.name: odd, "a": plain}
        assert LinkTable(database).of(Path("/runs")) == {}


def test_what_a_person_wanted_stays_wanted_for_the_same_link_only(tmp_path: Path) -> None:
    run = Path("/run")
    with Database(tmp_path / "state.db") as database:
        table = LinkTable(database)
        table.keep(run, [KnownLink("a", "1:2", "/t", True)])
        table.keep(run, [KnownLink("a", "1:2", "/t", False)])  # seen to appear, too
        assert table.of(run)["a"].is_asked
        table.keep(run, [KnownLink("a", "1:3", "/t", False)])
        assert not table.of(run)["a"].is_asked
        table.keep(run, [KnownLink("a", "1:3", "/t", True)])
        table.keep(run, [KnownLink("a", "1:3", "/elsewhere", False)])
        assert table.of(run)["a"] == KnownLink("a", "1:3", "/elsewhere", False)


def test_a_state_from_before_knows_none_and_keeps_the_rest(tmp_path: Path) -> None:
    before = schema.MIGRATIONS.index(schema._LINKS)
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        for migration in schema.MIGRATIONS[:before]:
            connection.executescript(migration)
        connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={before}")
        connection.execute("INSERT INTO asked VALUES ('/log', 'local', '', '', '', '', '', 1)")
        connection.commit()
    with Database(tmp_path / "state.db") as database:
        assert LinkTable(database).of(Path("/run")) == {}
        table = AskedTable(database)
        assert table.all() == [Asked("/log", "local", metrics_only=True, follow_links=False)]
        table.put([Asked("/log", "local", follow_links=True)])
        assert table.all() == [Asked("/log", "local", follow_links=True)]

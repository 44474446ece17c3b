"""Files that the server lost or changed later are sent again; it is called a problem where that does not help."""

from __future__ import annotations

from pathlib import Path

from support import stores, training
from support.processes import Server, python, runferry


def test_a_file_that_the_server_lost_is_sent_again(server: Server, work: Path) -> None:
    python(training.recorded(), work)
    assert runferry("sync", work, **server.environ).code == 0
    (folder,) = (work / "wandb").glob("offline-run-*")
    run_id = folder.name.rsplit("-", 1)[-1]
    before = stores.read(server.data, run_id)
    there = before.folder / "files"
    (there / "now.txt").unlink()
    (there / "sub" / "live.bin").write_bytes(b"cut")
    (there / "config.yaml").unlink()
    again = runferry("sync", work, "--json", **server.environ)
    assert again.code == 0, again.err
    assert (again.objects[0]["state"], again.objects[0]["rows_sent"]) == ("verified", 0)
    after = stores.read(server.data, run_id)
    assert after.digests == before.digests
    assert (after.rows, after.alerts) == (before.rows, before.alerts)
    (there / "now.txt").unlink()
    (folder / "files" / "now.txt").unlink()
    gone = runferry("sync", work, "--json", **server.environ)
    assert gone.code == 1
    assert gone.objects[0]["error"]["slug"] == "not-as-sent"
    assert "now.txt" in gone.objects[0]["error"]["message"]

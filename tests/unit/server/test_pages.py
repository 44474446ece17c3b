"""Pages for people: links lead somewhere, and nothing that a run says becomes markup."""

from __future__ import annotations

import json

from server_rig import Client

EVIL = "<script>alert(1)</script>\"'&"


def test_a_run_page_shows_the_run_and_escapes_everything(client: Client) -> None:
    name = "r<b>"
    client.upsert(name, displayName=EVIL, notes=EVIL, tags=[EVIL], config=json.dumps({EVIL: {"value": EVIL}}))
    client.post({"files": {"wandb-summary.json": {"offset": 0, "content": [json.dumps({EVIL: EVIL})]}}}, run="r%3Cb%3E")
    client.session.put(client.upload_url(EVIL, run=name), data=b"x", auth=None)
    reply = client.session.get(client.server.url + "/local/p/runs/r%3Cb%3E", auth=None)
    assert reply.status_code == 200
    assert "<script" not in reply.text
    assert "&lt;script&gt;" in reply.text
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert client.server.key not in reply.text


def test_missing_things_are_404(client: Client) -> None:
    for path in ("/local/p/runs/no", "/local/no", "/a/b/c/d/e"):
        assert client.session.get(client.server.url + path).status_code == 404


def test_lists_lead_to_runs(client: Client) -> None:
    client.upsert("a b")
    for path in ("/", "/local/p"):
        assert "/local/p/runs/a%20b" in client.session.get(client.server.url + path).text

"""The commands inside a company's network: the doctor, certificates that are added while Runferry runs, mitmproxy."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.rig import Place, Program, free_port, until
from support.company import Company, Proxy, TlsServer, forward
from support.raw_server import RawServer, reply

MITM = Path(__file__).resolve().parents[2] / ".venvs" / "mitm" / "bin" / "mitmdump"
PORTAL = reply(200, b"<!DOCTYPE html><html>Sign in</html>", "Content-Type: text/html")


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture
def server(place: Place, company: Company) -> Iterator[TlsServer]:
    """A W&B server with a certificate of the company's CA."""
    with place.runferry("serve") as serve:
        serve.says("WANDB_API_KEY=")
        with TlsServer(company.good("localhost", "wandb.example"), forward(place.port, tls=True)) as made:
            yield made


def key(place: Place) -> str:
    return (place.store / "key").read_text().strip()


def steps(program: Program) -> dict[str, dict[str, Any]]:
    told = json.loads(program.out.splitlines()[-1])
    assert told["schema"] == 1
    return {one["name"]: one for one in told["steps"]}


def examine(place: Place, *arguments: object, **environ: str) -> tuple[int, dict[str, dict[str, Any]]]:
    with place.runferry("doctor", *arguments, "--json", **environ) as doctor:
        code = doctor.wait()
        return code, steps(doctor)


def test_nothing_is_wrong(place: Place, company: Company, server: TlsServer) -> None:
    with place.runferry("certificates", "add", company.ca_file) as adding:
        assert adding.wait() == 0, adding.err
        assert "SHA-256" in adding.err
    company.ca_file.unlink()  # a moved file must not break anything
    code, found = examine(place, server.url, "--project", "doctor", WANDB_API_KEY=key(place), WANDB_BASE_URL=server.url)
    assert {name: one["mark"] for name, one in found.items() if one["mark"] in ("bad", "skipped")} == {}
    assert code == 0
    assert [one["subject"] for one in found["TLS"]["data"]["presented"]["chain"]]
    assert found["TLS"]["data"]["presented"]["untrusted_at"] is None
    assert found["trust"]["data"]["sources"][0]["name"] == "company CA of all servers"
    assert abs(found["clock"]["data"]["seconds_off"]) < 60
    assert found["upload"]["data"]["host"]
    assert all(one["seconds"] >= 0 for one in found.values())
    left = list((place.store / "runs").rglob("run.json"))
    assert left == [], "the test run is deleted"


def test_an_issuer_that_nobody_knows(place: Place, server: TlsServer) -> None:
    code, found = examine(place, server.url, WANDB_API_KEY="k" * 40)
    assert code == 1
    assert found["TLS"]["slug"] == "tls-unknown-issuer"
    assert any("✗ issued by" in line for line in found["TLS"]["lines"])
    assert "certificates add" in found["TLS"]["todo"]
    assert {found[name]["mark"] for name in ("W&B server", "login", "write", "upload")} == {"skipped"}
    assert server.requests == []


def test_a_wrong_key(place: Place, company: Company, server: TlsServer) -> None:
    with place.runferry("certificates", "add", company.ca_file, "--server", server.url) as adding:
        assert adding.wait() == 0, adding.err
    code, found = examine(place, server.url, WANDB_API_KEY="k" * 40, WANDB_BASE_URL=server.url)
    assert (code, found["login"]["slug"]) == (1, "key-refused")
    assert found["W&B server"]["mark"] == "good"
    assert found["write"]["mark"] == "skipped"


def test_a_name_that_nobody_knows(place: Place) -> None:
    code, found = examine(place, "https://wandb.invalid", WANDB_API_KEY="k" * 40)
    assert (code, found["address"]["slug"]) == (1, "dns")


def test_nobody_listens(place: Place) -> None:
    code, found = examine(place, f"https://localhost:{free_port()}", WANDB_API_KEY="k" * 40)
    assert (code, found["connection"]["slug"]) == (1, "refused")


def test_a_proxy_that_wants_a_login(place: Place) -> None:
    with Proxy(login="bob:pw") as proxy:
        code, found = examine(place, "https://wandb.example", HTTPS_PROXY=proxy.url, WANDB_API_KEY="k" * 40)
    assert (code, found["connection"]["slug"]) == (1, "proxy-login")
    assert found["proxy"]["said"] == f"{proxy.url}, from the variable HTTPS_PROXY"


def test_a_portal(place: Place) -> None:
    with Proxy(answer=lambda request: PORTAL) as proxy:
        code, found = examine(place, "http://wandb.example", HTTP_PROXY=proxy.url, WANDB_API_KEY="k" * 40)
    assert (code, found["W&B server"]["slug"]) == (1, "portal")
    assert found["name"]["mark"] == "warning"
    assert all(b"Authorization" not in request for request in proxy.requests)


def test_something_else_answers(place: Place) -> None:
    with RawServer(lambda request: reply(404, b"not here")) as other:
        code, found = examine(place, other.url, WANDB_API_KEY="k" * 40)
    assert (code, found["W&B server"]["slug"]) == (1, "not-wandb")


def test_a_certificate_added_while_runferry_runs(place: Place, company: Company, server: TlsServer) -> None:
    with place.train("early", 20) as training:
        assert training.wait() == 0
    environ = {"WANDB_API_KEY": key(place)}
    with place.runferry("watch", place.runs, "--server", server.url, **environ) as watch:
        watch.says("does not trust")
        with place.runferry("status", "--json") as asked:
            assert asked.wait() == 0
            (told,) = json.loads(asked.out)["servers"]
        assert told["state"] == "untrusted"
        assert told["cause"]["slug"] == "tls-unknown-issuer"
        assert told["next_try"] is None
        assert server.requests == []
        with place.runferry("certificates", "add", company.ca_file, "--server", server.url) as adding:
            assert adding.wait() == 0, adding.err
        until(lambda: place.values("early") == list(range(20)), 30, "the run")


def test_what_a_server_presents_and_what_is_kept(place: Place, company: Company, server: TlsServer) -> None:
    with place.runferry("certificates", "show", server.url, "--json") as showing:
        assert showing.wait() == 1
        seen = json.loads(showing.out)
    assert seen["untrusted_at"] == 0
    with place.runferry("certificates", "add", company.ca_file, name="adding") as adding:
        assert adding.wait() == 0
    with place.runferry("certificates", "list", "--json", name="listing") as listing:
        assert listing.wait() == 0
        (kept,) = json.loads(listing.out)["files"]
    with place.runferry("certificates", "show", server.url, name="showing") as showing:
        assert showing.wait() == 0, showing.out
    with place.runferry("certificates", "remove", kept["name"], name="removing") as removing:
        assert removing.wait() == 0, removing.err
    assert not list((place.home / "certificates").iterdir())
    with place.runferry("certificates", "add", sys.executable, name="wrong") as wrong:
        assert wrong.wait() == 1
        assert "cannot be used as a CA" in wrong.err


@pytest.fixture
def mitmproxy(server: TlsServer, company: Company, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """mitmproxy on the way to the server: its address, and its CA. Behind it every name leads to the server."""
    if not MITM.exists():
        pytest.fail("mitmproxy is missing: run `make mitm`")
    port = free_port()
    with Proxy(server.port) as names:
        words = [str(MITM), "--quiet", "--mode", f"upstream:{names.url}", "--listen-host", "127.0.0.1"]
        words += ["--listen-port", str(port), "--set", f"confdir={tmp_path / 'mitm'}"]
        words += ["--set", f"ssl_verify_upstream_trusted_ca={company.ca_file}"]
        with Program(words, tmp_path, "mitm") as running:
            until(lambda: _listens(port), 60, f"mitmproxy: {running.err}")
            yield f"http://127.0.0.1:{port}", tmp_path / "mitm" / "mitmproxy-ca-cert.pem"


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_mitmproxy(place: Place, server: TlsServer, mitmproxy: tuple[str, Path]) -> None:
    proxy, authority = mitmproxy
    url = "https://wandb.example"
    environ = {"HTTPS_PROXY": proxy, "WANDB_API_KEY": key(place), "WANDB_BASE_URL": url}
    code, found = examine(place, url, **environ)
    assert (code, found["TLS"]["slug"]) == (1, "tls-re-signed")
    assert "mitmproxy" in found["TLS"]["said"]
    assert all(b"Authorization" not in request for request in server.requests)
    with place.runferry("certificates", "add", authority, "--server", url) as adding:
        assert adding.wait() == 0, adding.err
    code, found = examine(place, url, **environ)
    assert code == 0, found
    assert "re-signs" in found["TLS"]["said"]
    assert found["login"]["mark"] == "good"

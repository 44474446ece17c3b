"""Which proxy leads where and who says so, and what proxies answer; with real proxies on sockets."""

from __future__ import annotations

import select
import socket
import struct
from pathlib import Path

import pytest

from runferry.errors import AppError
from runferry.remote import proxy_failures, runs
from runferry.remote.pac import PacTrouble, first_of
from runferry.remote.proxies import Proxies, ProxyChoice, bypasses
from runferry.remote.session import Session
from runferry.remote.trust import Trust
from runferry.remote.way import Way
from support.company import VIEWER, Company, Listener, Proxy, TlsServer
from support.raw_server import reply

KEY = "k" * 40
URL = "https://wandb.example"


def ask(url: str, choice: ProxyChoice, trust: Trust | None = None, **environ: str) -> AppError | None:
    way = Way(environ, trust or Trust(), choice)
    session = Session(url, KEY, way.context(), environ, 5, 5, way)
    try:
        assert runs.viewer(session).entity == "team"
    except AppError as error:
        return error
    finally:
        session.close()
    return None


def found(choice: ProxyChoice, url: str = URL, **environ: str) -> tuple[str, str] | None:
    proxy = Proxies(choice, environ).find(url)
    return (proxy.shown, proxy.source) if proxy else None


def test_who_says_so() -> None:
    assert found(ProxyChoice(), HTTPS_PROXY="http://p.example:3128") == (
        "http://p.example:3128",
        "the variable HTTPS_PROXY",
    )
    assert found(ProxyChoice(), all_proxy="socks5h://s.example:1080") == (
        "socks5h://s.example:1080",
        "the variable all_proxy",
    )
    assert found(ProxyChoice("environment")) is None
    assert found(ProxyChoice("none"), HTTPS_PROXY="http://p.example:3128") is None
    assert found(ProxyChoice("manual", "m.example:8080"), HTTPS_PROXY="http://p.example:3128") == (
        "http://m.example:8080",
        "the settings",
    )
    assert found(ProxyChoice("manual", "m.example:8080", exceptions="*.example")) is None
    assert found(ProxyChoice("manual", "m.example:8080"), "http://127.0.0.1:8470") is None


def test_the_password_is_never_shown() -> None:
    proxy = Proxies(ProxyChoice("manual", "m.example:8080", "bob", "p:w@/"), {}).find(URL)
    assert proxy is not None
    assert proxy.url == "http://bob:p%3Aw%40%2F@m.example:8080"
    assert "p%3A" not in proxy.shown + repr(proxy) + repr(ProxyChoice("manual", "u", "bob", "secret"))


def test_what_is_reached_directly() -> None:
    for said in ("example", ".wandb.example", "*.example", "other, WANDB.example", "*", "wandb.example:8080"):
        assert bypasses("https://wandb.example:8080", said), said
    for said in ("", "ample", "b.example", "wandb.example:1"):
        assert not bypasses("https://wandb.example:8080", said), said
    assert bypasses("http://10.1.2.3", "10.0.0.0/8")
    assert not bypasses("http://11.1.2.3", "10.0.0.0/8")


def test_the_desktop_s_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "gsettings"
    tool.write_text(
        "#!/bin/sh\n"
        'case "$2 $3" in\n'
        "  'org.gnome.system.proxy mode') echo \"'manual'\";;\n"
        "  'org.gnome.system.proxy.https host') echo \"'desk.example'\";;\n"
        "  'org.gnome.system.proxy.https port') echo 3128;;\n"
        "  'org.gnome.system.proxy ignore-hosts') echo \"['localhost', '*.inside.example']\";;\n"
        "  *port) echo 0;;\n"
        "  *) echo \"''\";;\n"
        "esac\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert found(ProxyChoice()) == ("http://desk.example:3128", "the system's settings")
    assert found(ProxyChoice(), "https://w.inside.example") is None
    assert found(ProxyChoice("environment")) is None


def test_a_proxy_that_wants_a_login(tmp_path: Path) -> None:
    company = Company(tmp_path)
    trust = Trust(for_all=(company.ca_file,))
    with TlsServer(company.good("wandb.example", "localhost")) as server, Proxy(server.port, "bob:pw") as proxy:
        error = ask(URL, ProxyChoice("manual", proxy.url), trust)
        assert type(error) is proxy_failures.ProxyLogin
        assert proxy.url.removeprefix("http://") in error.message
        assert "from the settings" in error.message
        wrong = ask(URL, ProxyChoice("manual", proxy.url, "bob", "no"), trust)
        assert type(wrong) is proxy_failures.ProxyLogin
        assert '"bob"' in wrong.message
        assert server.requests == []
        assert ask(URL, ProxyChoice("manual", proxy.url, "bob", "pw"), trust) is None
    assert len(server.requests) == 2
    assert b"Authorization" not in server.requests[0]  # the probe
    assert b"Authorization: Basic" in server.requests[1]
    assert all(KEY.encode() not in head for head in proxy.heads)


@pytest.mark.parametrize("url", ["http://wandb.example", URL])
def test_a_login_that_we_do_not_speak(url: str) -> None:
    with Proxy(login="bob:pw", offers=("Negotiate", "NTLM")) as proxy:
        error = ask(url, ProxyChoice("manual", proxy.url, "bob", "other"))
    assert type(error) is proxy_failures.ProxyLoginUnsupported
    assert "NTLM" in error.message
    assert "Kerberos" in error.message
    assert "px or cntlm" in error.todo
    assert all(b"api:" not in head for head in proxy.heads)


def test_a_proxy_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = ask(URL, ProxyChoice(), HTTPS_PROXY=f"http://bob:pw@127.0.0.1:{port}")
    assert type(error) is proxy_failures.ProxyTrouble
    assert error.slug == "proxy-down"
    assert "the variable HTTPS_PROXY" in error.message
    assert "bob" not in error.message


def test_a_proxy_that_forbids() -> None:
    with Proxy(status=502) as proxy:
        error = ask(URL, ProxyChoice("manual", proxy.url))
    assert (type(error), error and error.slug) == (proxy_failures.ProxyTrouble, "proxy-refused")
    assert error is not None
    assert "502" in error.message


class Socks(Listener):
    """A SOCKS 5 proxy; `wanted` keeps the names that it was asked for."""

    def __init__(self, upstream: int) -> None:
        super().__init__()
        self._upstream = upstream
        self.wanted: list[tuple[str, int]] = []

    def serve(self, client: socket.socket) -> None:
        methods = client.recv(2)[1]
        client.recv(methods)
        client.sendall(b"\x05\x00")
        kind = client.recv(4)[3]
        assert kind == 3, "names are to be looked up by the proxy"
        name = client.recv(client.recv(1)[0]).decode()
        self.wanted.append((name, struct.unpack(">H", client.recv(2))[0]))
        client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        with socket.create_connection(("127.0.0.1", self._upstream), 10) as server:
            while True:
                ready, _, _ = select.select([client, server], [], [], 10)
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    (server if one is client else client).sendall(data)


def test_socks(tmp_path: Path) -> None:
    company = Company(tmp_path)
    with TlsServer(company.good("wandb.example", "localhost")) as server, Socks(server.port) as socks:
        choice = ProxyChoice("manual", f"socks5h://127.0.0.1:{socks.port}")
        error = ask(URL, choice)
        assert error is not None
        assert error.slug == "tls-re-signed"  # the chain is looked at through the proxy, too
        assert ask(URL, choice, Trust(for_all=(company.ca_file,))) is None
    assert set(socks.wanted) == {("wandb.example", 443)}


def test_a_socks_proxy_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = ask(URL, ProxyChoice("manual", f"socks5h://127.0.0.1:{port}"))
    assert type(error) is proxy_failures.ProxyTrouble


def test_a_pac_file(tmp_path: Path) -> None:
    script = tmp_path / "proxy.pac"
    script.write_text(
        'function FindProxyForURL(url, host) { if (dnsDomainIs(host, ".inside.example")) return "DIRECT";'
        ' return "PROXY p.example:3128; DIRECT"; }'
    )
    choice = ProxyChoice("pac", pac=str(script))
    assert found(choice) == ("http://p.example:3128", f"the setting `proxy_pac` ({script})")
    assert found(choice, "https://w.inside.example") is None
    with Proxy(answer=lambda request: reply(200, script.read_bytes())) as server:
        fetched = ProxyChoice("pac", pac=f"{server.url}/proxy.pac")
        assert found(fetched, HTTPS_PROXY="http://other:1") == (
            "http://p.example:3128",
            f"the setting `proxy_pac` ({server.url}/proxy.pac)",
        )


def test_a_pac_file_that_fails(tmp_path: Path) -> None:
    script = tmp_path / "proxy.pac"
    with pytest.raises(PacTrouble, match="cannot be fetched"):
        Proxies(ProxyChoice("pac", pac=str(script)), {}).find(URL)
    script.write_text("<html>not here</html>")
    with pytest.raises(PacTrouble):
        Proxies(ProxyChoice("pac", pac=str(script)), {}).find(URL)
    error = ask(URL, ProxyChoice("pac", pac=str(script)))
    assert type(error) is PacTrouble


def test_what_a_script_answers() -> None:
    assert first_of("SOCKS5 a:1; DIRECT") == "socks5h://a:1"
    assert first_of("DIRECT") is None
    assert first_of("nonsense; HTTPS b:2") == "https://b:2"


def test_plain_http_through_a_proxy() -> None:
    with Proxy(answer=lambda request: reply(200, VIEWER)) as proxy:
        assert ask("http://wandb.example", ProxyChoice("manual", proxy.url)) is None
    assert [b"Authorization" in one for one in proxy.requests] == [False, True]

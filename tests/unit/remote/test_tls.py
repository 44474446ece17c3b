"""Each TLS cause, provoked by a real server or proxy: its class, its words, and that nothing was sent."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from runferry.errors import AppError
from runferry.remote import runs, tls_failures
from runferry.remote.proxies import ProxyChoice
from runferry.remote.session import Session
from runferry.remote.troubles import ServerRefused, ServerTrouble
from runferry.remote.trust import FOR_ALL, FOR_SERVER, Trust, sources, wandb_hint
from runferry.remote.way import Way
from support.company import Company, Proxy, Silent, TlsServer
from support.raw_server import RawServer, reply

KEY = "k" * 40


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def ask(url: str, trust: Trust, proxy: str = "", timeout: float = 5, **environ: str) -> AppError | None:
    """Ask who we are; what went wrong."""
    choice = ProxyChoice("manual", proxy) if proxy else ProxyChoice("none")
    way = Way(environ, trust, choice)
    session = Session(url, KEY, way.context(), environ, timeout, timeout, way)
    try:
        assert runs.viewer(session).entity == "team"
    except AppError as error:
        return error
    finally:
        session.close()
    return None


CASES: dict[str, tuple[type[AppError], Callable[[Company], ssl.SSLContext], str]] = {
    "expired": (tls_failures.Expired, Company.expired, "Company Root CA"),
    "not yet valid": (tls_failures.NotYetValid, Company.not_yet_valid, "Company Root CA"),
    "wrong name": (tls_failures.WrongName, lambda company: company.good("other.example"), "other.example"),
    "self-signed": (tls_failures.SelfSigned, Company.self_signed, "CN=localhost"),
    "no intermediate": (
        tls_failures.MissingIntermediate,
        lambda company: company.with_intermediate(complete=False),
        "does not send",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_certificate_that_is_refused(company: Company, name: str) -> None:
    kind, make, said = CASES[name]
    with TlsServer(make(company)) as server:
        error = ask(server.url, Trust(for_all=(company.ca_file,)))
    assert type(error) is kind
    assert isinstance(error, ServerRefused)
    assert said in error.message
    assert f"localhost:{server.port}" in error.message
    assert error.todo
    assert isinstance(error, tls_failures.Untrusted)
    assert error.presented is not None
    assert error.presented.chain
    assert server.requests == []


def test_an_issuer_that_nobody_knows(company: Company) -> None:
    with TlsServer(company.good()) as server:
        error = ask(server.url, Trust())
        assert type(error) is tls_failures.UnknownIssuer
        assert "O=Company Root CA" in error.message
        assert error.presented is not None
        assert error.presented.untrusted_at == 0
        assert any("✗" in line for line in error.presented.drawn())
        assert server.requests == []
        for trust in (Trust(for_server=(company.ca_file,)), Trust(for_all=(company.ca_file,))):
            assert ask(server.url, trust) is None
    assert len(server.requests) == 2


def test_the_whole_chain_and_the_company_s_ca(company: Company) -> None:
    with TlsServer(company.with_intermediate(complete=True)) as server:
        assert ask(server.url, Trust(for_all=(company.ca_file,))) is None


def test_a_company_s_ca_is_added_to_what_a_variable_names(company: Company, tmp_path: Path) -> None:
    other = Company(tmp_path, "Other CA")
    with TlsServer(company.good()) as server:
        error = ask(server.url, Trust(), SSL_CERT_FILE=str(other.ca_file))
        assert type(error) is tls_failures.UnknownIssuer
        assert ask(server.url, Trust(for_all=(company.ca_file,)), SSL_CERT_FILE=str(other.ca_file)) is None
        assert ask(server.url, Trust(), REQUESTS_CA_BUNDLE=str(company.ca_file)) is None


def test_the_rule_of_form_is_ours_and_can_be_relaxed(company: Company) -> None:
    with TlsServer(company.without_authority_key()) as server:
        strict = Trust(for_server=(company.plain_ca_file,))
        error = ask(server.url, strict)
        assert type(error) is tls_failures.FormRefused
        assert "Authority Key Identifier" in error.message
        assert server.requests == []
        assert ask(server.url, Trust(for_server=(company.plain_ca_file,), relaxed=True)) is None
        # Relaxed is no less about whom to trust.
        assert type(ask(server.url, Trust(relaxed=True))) is tls_failures.UnknownIssuer


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_a_client_certificate(company: Company, tmp_path: Path, version: ssl.TLSVersion) -> None:
    with TlsServer(company.asking_for_a_certificate(version)) as server:
        error = ask(server.url, Trust(for_all=(company.ca_file,)))
        assert type(error) is tls_failures.ClientCertificateWanted
        assert server.requests == []
        mine = company.ca.issue_cert("me@company.example")
        mine.cert_chain_pems[0].write_to_path(str(tmp_path / "me.pem"))
        mine.private_key_pem.write_to_path(str(tmp_path / "me.key"))
        shown = Trust(
            for_all=(company.ca_file,),
            client_certificate=str(tmp_path / "me.pem"),
            client_key=str(tmp_path / "me.key"),
        )
        assert ask(server.url, shown) is None


def test_a_proxy_that_signs_anew(company: Company, tmp_path: Path) -> None:
    middle = Company(tmp_path, "Proxy Inspection CA")
    with TlsServer(company.good()) as server, Proxy(server.port, resign=middle.ca, upstream_ca=company.ca) as proxy:
        error = ask("https://wandb.example", Trust(for_all=(company.ca_file,)), proxy.url)
        assert type(error) is tls_failures.ReSigned
        assert "Proxy Inspection CA" in error.message
        assert server.requests == []
        assert ask("https://wandb.example", Trust(for_all=(middle.ca_file,)), proxy.url) is None
    assert all(b"CONNECT wandb.example:443" in head for head in proxy.heads)
    assert all(KEY.encode() not in head for head in proxy.heads)


def test_plain_http_where_tls_is_expected() -> None:
    with RawServer(lambda request: reply(400), read=lambda client: client.recv(65536)) as server:
        error = ask(server.url.replace("http:", "https:"), Trust())
    assert type(error) is tls_failures.PlainHttp
    assert all(b"Authorization" not in request for request in server.requests)


def test_a_handshake_that_stalls() -> None:
    with Silent() as server:
        error = ask(server.url, Trust(), timeout=0.3)
    assert type(error) is tls_failures.HandshakeStalled
    assert isinstance(error, ServerTrouble)
    assert b"Authorization" not in server.received


def test_a_handshake_that_breaks_off() -> None:
    with Silent(reset=True) as server:
        error = ask(server.url, Trust())
    assert isinstance(error, ServerTrouble)
    assert error.slug in ("tls-broken-off", "connection-lost")


def test_every_source_says_whether_it_counts(tmp_path: Path) -> None:
    there = tmp_path / "ca.pem"
    there.write_text("")
    environ = {"SSL_CERT_FILE": "/a", "REQUESTS_CA_BUNDLE": "/b"}
    told = sources(environ, Trust(for_server=(there,), for_all=(tmp_path / "gone.pem",)))
    assert [(one.name, one.ignored) for one in told] == [
        (FOR_SERVER, ""),
        (FOR_ALL, "the file is gone: add it again"),
        ("SSL_CERT_FILE", ""),
        ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE comes first"),
        ("system trust store", "replaced by SSL_CERT_FILE"),
    ]


def test_the_official_client_ignores_the_bundle() -> None:
    assert wandb_hint({"REQUESTS_CA_BUNDLE": "/b.pem"}) == "export SSL_CERT_FILE=/b.pem"
    assert wandb_hint({"REQUESTS_CA_BUNDLE": "/b.pem", "SSL_CERT_FILE": "/a"}) == ""
    assert wandb_hint({}) == ""

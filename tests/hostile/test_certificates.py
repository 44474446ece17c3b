"""Certificates and files of them that are not what they should be: shown without acting, never waited for, named."""

from __future__ import annotations

import datetime
import os
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from runferry.engine.ways import open_session
from runferry.errors import AppError, NeedsUser
from runferry.remote import certificates, runs, tls_failures
from runferry.remote.session import Session
from runferry.remote.trust import Trust
from runferry.remote.way import Way
from runferry.settings import Settings
from support.company import VIEWER, Company, TlsServer
from support.raw_server import RawServer, reply
from support.sessions import KEY

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture
def local() -> Iterator[RawServer]:
    with RawServer(lambda request: reply(200, VIEWER)) as server:
        yield server


def bundles(folder: Path) -> dict[str, str]:
    """Files that are no bundle of certificates, by what is wrong with them."""
    (folder / "empty").write_bytes(b"")
    (folder / "noise").write_bytes(os.urandom(4096))
    (folder / "cut").write_bytes(b"-----BEGIN CERTIFICATE-----\nMIIB\n")
    (folder / "damaged").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (folder / "secret").write_bytes(b"x")
    with (folder / "huge").open("wb") as file:
        file.truncate(8 << 30)
    os.mkfifo(folder / "pipe")
    found = {one: str(folder / one) for one in ("empty", "noise", "cut", "damaged", "huge", "pipe", "missing")}
    return {**found, "device": "/dev/zero", "line": "a\nb\x1b[2J"}


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_no_bundle_stops_a_server_without_tls(local: RawServer, tmp_path: Path, variable: str) -> None:
    for what, path in bundles(tmp_path).items():
        began = time.monotonic()
        session = open_session(local.url, KEY, Settings(), {variable: path})
        assert runs.viewer(session).entity == "team", what
        session.renew()
        assert runs.viewer(session).entity == "team", what
        with pytest.raises(NeedsUser) as caught:  # a store of files with TLS: nobody can be trusted there
            session.get("https://127.0.0.1:64009/a", "a file")
        assert caught.value.slug == "ca-bundle-unusable"
        session.close()
        with pytest.raises(NeedsUser) as caught:
            open_session("https://127.0.0.1:9", KEY, Settings(), {variable: path})
        assert caught.value.slug == "ca-bundle-unusable"
        assert variable in caught.value.message
        assert "\x1b" not in caught.value.message
        assert time.monotonic() - began < 5


def test_a_folder_of_certificates_that_is_none(local: RawServer, tmp_path: Path) -> None:
    for path in (str(tmp_path / "missing"), str(tmp_path)):
        session = open_session(local.url, KEY, Settings(), {"SSL_CERT_DIR": path})
        assert runs.viewer(session).entity == "team"
        session.close()


@pytest.mark.parametrize("wrong", ["missing", "pipe", "noise", "empty", "device"])
def test_a_client_certificate_that_cannot_be_read(local: RawServer, tmp_path: Path, wrong: str) -> None:
    trust = Trust(client_certificate=bundles(tmp_path)[wrong], client_key=bundles_key(tmp_path))
    with pytest.raises(NeedsUser) as caught:
        Way({}, trust).context_for("https://wandb.example")
    assert caught.value.slug == "client-certificate-unusable"
    way = Way({}, trust)
    session = Session(local.url, KEY, way.context_for(local.url), {}, way=way)
    assert runs.viewer(session).entity == "team"
    session.close()


def bundles_key(folder: Path) -> str:
    return str(folder / "secret")


def test_a_ca_file_that_is_added_is_never_waited_for(tmp_path: Path) -> None:
    for what, path in bundles(tmp_path).items():
        with pytest.raises(certificates.BadCertificateFile):
            certificates.read(Path(path))
        assert what


def _odd(company: Company, subject: str, names: list[str]) -> ssl.SSLContext:
    """A server whose certificate, signed by nobody we know, has this subject and these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = company.folder / "odd.pem"
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def ask(url: str, trust: Trust) -> AppError:
    way = Way({}, trust)
    session = Session(url, KEY, way.context(), {}, 5, 5, way)
    try:
        with pytest.raises(AppError) as caught:
            runs.viewer(session)
        return caught.value
    finally:
        session.close()


def test_names_in_a_certificate_do_nothing_where_they_are_shown(company: Company) -> None:
    subject = "Evil\x1b]0;owned\x07\x1b[2J\r\n✓ trusted\u202e"
    with TlsServer(_odd(company, subject, ["localhost"])) as server:
        error = ask(server.url, Trust())
    assert isinstance(error, tls_failures.Untrusted)
    assert error.presented is not None
    shown = "\n".join([error.message, str(error.as_dict()), *error.presented.drawn(), str(error.presented.as_dict())])
    assert "Evil" in shown
    assert not set(shown) & {"\x1b", "\x07", "\r", "\u202e"}
    assert not any(line.startswith("✓") for line in shown.splitlines())


def test_thousands_of_names_are_counted(company: Company) -> None:
    names = [f"{'x' * 8}{number}.example" for number in range(3500)]
    with TlsServer(_odd(company, "Many", names)) as server:
        error = ask(server.url, Trust(for_all=(company.folder / "odd.pem",)))
    assert isinstance(error, AppError)
    assert len(error.message) < 1000
    leaf = certificates.describe(ssl.PEM_cert_to_DER_cert(_last_block(company.folder / "odd.pem")))
    assert len(leaf.names) == 101
    assert leaf.names[-1] == "and 3400 more"


def test_a_chain_larger_than_any_is_an_error_with_a_name(company: Company) -> None:
    """OpenSSL takes 100 KB of certificates; ten thousand names are more."""
    names = [f"{'x' * 8}{number}.example" for number in range(10_000)]
    with TlsServer(_odd(company, "Many", names)) as server:
        error = ask(server.url, Trust())
    assert error.slug.startswith("tls")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_server_that_speaks_only_old_tls_is_refused(company: Company) -> None:
    context = company.good()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with TlsServer(context) as server:
        error = ask(server.url, Trust(for_all=(company.ca_file,)))
    assert isinstance(error, tls_failures.TooOld)
    assert server.requests == []


def test_tls_below_1_2_is_never_spoken() -> None:
    assert Way({}).context().minimum_version >= ssl.TLSVersion.TLSv1_2


def test_bytes_that_are_no_certificate() -> None:
    for data in (b"", b"\x30\x80", os.urandom(500), b"\x30\x82\xff\xff" * 50):
        with pytest.raises(ValueError, match=r"\w"):
            certificates.describe(data)


def _last_block(path: Path) -> str:
    text = path.read_text()
    return text[text.index("-----BEGIN CERTIFICATE-----") :]

"""Certificate files that a person adds: what is taken, and what is refused and why."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from runferry.errors import UsageError
from runferry.remote import certificates
from runferry.remote.certificates import BadCertificateFile
from support.company import DAY, Company

NOW = datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def refused(path: Path) -> BadCertificateFile:
    with pytest.raises(BadCertificateFile) as caught:
        certificates.keep(path, path.parent / "kept", NOW)
    assert not (path.parent / "kept").exists()
    assert caught.value.todo
    return caught.value


def der(company: Company) -> bytes:
    return x509.load_pem_x509_certificate(company.ca_file.read_bytes()).public_bytes(Encoding.DER)


def test_what_a_certificate_says(company: Company) -> None:
    (found,) = certificates.read(company.ca_file)
    assert "O=Company Root CA" in found.subject
    assert found.subject == found.issuer
    assert found.is_ca
    assert found.is_self_signed
    assert len(found.sha256) == 95
    assert found.not_before < NOW < found.not_after


@pytest.mark.parametrize("suffix", [".pem", ".crt", ".cer", ".der"])
def test_text_and_binary_whatever_the_name(company: Company, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ca{suffix}"
    path.write_bytes(der(company) if suffix in (".cer", ".der") else company.ca_file.read_bytes())
    name, found = certificates.keep(path, tmp_path / "kept", NOW)
    assert len(found) == 1
    kept = tmp_path / "kept" / name
    path.unlink()
    assert certificates.read(kept) == found
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_several_in_one_file(company: Company, tmp_path: Path) -> None:
    other = Company(tmp_path, "Other CA")
    both = tmp_path / "both.crt"
    both.write_bytes(b"# ours\r\n" + company.ca_file.read_bytes() + b"\r\n# theirs\n" + other.ca_file.read_bytes())
    name, found = certificates.keep(both, tmp_path / "kept", NOW)
    assert [one.organisation for one in found] == ["Company Root CA", "Other CA"]
    assert len(certificates.read(tmp_path / "kept" / name)) == 2
    assert certificates.keep(both, tmp_path / "kept", NOW)[0] == name
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_a_private_key_is_refused(company: Company, tmp_path: Path) -> None:
    leaf = company.ca.issue_cert("me.example")
    path = tmp_path / "mine.pem"
    path.write_bytes(leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes())
    error = refused(path)
    assert (error.slug, "private key" in error.message) == ("certificate-private-key", True)


def test_a_server_s_own_certificate_is_refused(company: Company, tmp_path: Path) -> None:
    path = tmp_path / "leaf.pem"
    company.ca.issue_cert("wandb.example").cert_chain_pems[0].write_to_path(str(path))
    error = refused(path)
    assert (error.slug, "not of an authority" in error.message) == ("certificate-leaf", True)


def test_one_that_has_expired_is_refused(company: Company) -> None:
    with pytest.raises(BadCertificateFile) as caught:
        certificates.check_authorities(
            company.ca_file, datetime.datetime(3001, 1, 1, tzinfo=datetime.timezone.utc) + DAY
        )
    assert (caught.value.slug, "expired on 3000-01-01" in caught.value.message) == ("certificate-expired", True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x30\x82",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    ],
    ids=["empty", "text", "cut", "damaged", "request"],
)
def test_what_is_no_certificate_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    refused(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "gone.pem").message


def test_names_stay_in_the_folder(tmp_path: Path) -> None:
    for name in ("../x.pem", "a/b.pem", "", ".hidden", "/etc/passwd"):
        with pytest.raises(UsageError):
            certificates.path_in(tmp_path, name)

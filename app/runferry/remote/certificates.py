"""Certificate files that a person adds: read, checked, kept in the app's own folder, and described.

What would not do what the person expects is refused with the reason: a private key, a certificate that is no CA's,
one that has expired. Nothing here decides whom to trust; that is `trust`.
"""

from __future__ import annotations

import datetime
import errno
import functools
import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates, load_pem_pkcs7_certificates
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID

from runferry.errors import NeedsUser, UsageError
from runferry.inert import inert
from runferry.regular_files import read_regular

SUFFIXES = (".pem", ".crt", ".cer", ".der")
LARGEST = 4 << 20  # bytes; the list of all public CAs has a quarter of a MiB
_LONGEST = 300  # characters that are shown of a name
_MOST_NAMES = 100  # of one server, that are kept
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True)
class Certificate:
    """One certificate as people see it. Times are aware, in UTC; `sha256` has colons, as browsers show it."""

    subject: str
    issuer: str
    not_before: datetime.datetime
    not_after: datetime.datetime
    sha256: str
    is_ca: bool
    is_self_signed: bool
    organisation: str  # of the issuer; empty where it names none
    names: tuple[str, ...]  # that a server may have with it
    issuer_url: str  # where its issuer's certificate can be had, as it says itself; empty: it does not say
    has_authority_key: bool
    der: bytes

    @property
    def pem(self) -> str:
        """The certificate as text."""
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM).decode()

    def as_dict(self) -> dict[str, object]:
        """What is shown, as JSON can hold it."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "sha256": self.sha256,
            "names": list(self.names),
            "is_ca": self.is_ca,
            "is_self_signed": self.is_self_signed,
        }


class BadCertificateFile(NeedsUser):
    """A file that cannot be added as a company's CA."""

    def __init__(self, path: Path, why: str, todo: str, slug: str = "certificate-unusable") -> None:
        super().__init__(slug, "This file cannot be used as a CA", f"{path.name}: {why}.", todo, why)


_ASK = "Ask IT for the certificate of the company's certificate authority (CA), as a .pem or .crt file."


@contextmanager
def _quiet() -> Iterator[None]:
    """Serial numbers and names of old CAs break rules; that is shown to people, not warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def describe(der: bytes) -> Certificate:
    """What a certificate says of itself, as it can be shown. ValueError where the bytes are none."""
    try:
        with _quiet():
            return _described(x509.load_der_x509_certificate(der), der)
    except ValueError:
        raise
    except Exception as error:  # whatever the library calls a certificate that breaks the rules
        raise ValueError(f"{type(error).__name__}: {inert(error, _LONGEST)}") from error


def _described(found: x509.Certificate, der: bytes) -> Certificate:
    digest = hashlib.sha256(der).hexdigest().upper()
    return Certificate(
        subject=inert(found.subject.rfc4514_string(), _LONGEST),
        issuer=inert(found.issuer.rfc4514_string(), _LONGEST),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        sha256=":".join(digest[at : at + 2] for at in range(0, len(digest), 2)),
        is_ca=_is_ca(found),
        is_self_signed=_signs_itself(found),
        organisation=inert(_organisation(found.issuer), _LONGEST),
        names=_names(found),
        issuer_url=inert(_issuer_url(found), _LONGEST),
        has_authority_key=_extension(found, ExtensionOID.AUTHORITY_KEY_IDENTIFIER) is not None,
        der=der,
    )


def read(path: Path) -> list[Certificate]:
    """All certificates of a file, in PEM (any number) or DER. Raises BadCertificateFile."""
    try:
        data = read_regular(path, LARGEST)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise BadCertificateFile(path, "it is too large for a file of certificates", _ASK) from error
        raise BadCertificateFile(path, error.strerror or str(error), "Choose a file that you can read.") from error
    blocks = [(match.group(1), match.group(0)) for match in _PEM.finditer(data)]
    if any(kind.endswith(b"PRIVATE KEY") for kind, _ in blocks):
        raise BadCertificateFile(
            path, "it holds a private key", "Keep that key secret. " + _ASK, "certificate-private-key"
        )
    try:
        with _quiet():
            found = [each for kind, text in blocks for each in _of_block(kind, text)] if blocks else _of_der(path, data)
    except ValueError as error:
        raise BadCertificateFile(path, f"its content is damaged ({error})", _ASK) from error
    if not found:
        raise BadCertificateFile(path, "it holds no certificate", _ASK)
    return found


def check_authorities(path: Path, now: datetime.datetime) -> list[Certificate]:
    """The file's certificates, if all of them can be trusted as CAs now. Raises BadCertificateFile."""
    found = read(path)
    for one in found:
        if not one.is_ca:
            raise BadCertificateFile(
                path,
                f"'{one.subject}' is the certificate of a server or a person, not of an authority (CA)",
                _ASK,
                "certificate-leaf",
            )
        if one.not_after < now:
            raise BadCertificateFile(
                path, f"'{one.subject}' expired on {one.not_after:%Y-%m-%d}", _ASK, "certificate-expired"
            )
    return found


def keep(source: Path, folder: Path, now: datetime.datetime) -> tuple[str, list[Certificate]]:
    """Copy a CA file into the app's folder as PEM; gives its name there and what it holds. Raises AppError.

    The name tells the content: the same file twice is kept once.
    """
    found = check_authorities(source, now)
    content = "".join(one.pem for one in found)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", source.stem).strip("-.") or "ca"
    name = f"{stem[:60]}-{hashlib.sha256(content.encode()).hexdigest()[:12]}.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = folder / f".{name}.part"
        part.write_text(content)
        part.replace(folder / name)
    except OSError as error:
        raise NeedsUser(
            "certificate-not-kept",
            "The certificate could not be kept",
            f"{folder}: {error.strerror or error}.",
            "Make the folder writable for you, then add the file again.",
            error,
        ) from error
    return name, found


def path_in(folder: Path, name: str) -> Path:
    """Where a kept file lies. UsageError for a name that leaves the folder."""
    if not name or Path(name).name != name or name.startswith("."):
        raise UsageError("bad-certificate-name", "No such certificate", f"'{name}' is no name of a kept file.", _ASK)
    return folder / name


@functools.cache
def public_authorities() -> frozenset[str]:
    """Subjects of the CAs that browsers trust, by the list that requests brings along."""
    import certifi

    with _quiet():
        found = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
        return frozenset(inert(one.subject.rfc4514_string(), _LONGEST) for one in found)


def subjects(paths: Iterable[Path]) -> list[Certificate]:
    """The certificates of all files that can be read; the others are left out."""
    found: list[Certificate] = []
    for path in paths:
        try:
            found.extend(read(path))
        except BadCertificateFile:
            continue
    return found


def _of_block(kind: bytes, text: bytes) -> list[Certificate]:
    if kind in (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"):
        plain = text.replace(b"X509 CERTIFICATE", b"CERTIFICATE").replace(b"TRUSTED CERTIFICATE", b"CERTIFICATE")
        return [_of_x509(one) for one in x509.load_pem_x509_certificates(plain)]
    if kind == b"PKCS7":
        return [_of_x509(one) for one in load_pem_pkcs7_certificates(text)]
    return []


def _of_der(path: Path, data: bytes) -> list[Certificate]:
    """DER without PEM around it: a certificate, or Microsoft's bundle of several (PKCS 7)."""
    try:
        return [describe(data)]
    except ValueError:
        pass
    try:
        return [_of_x509(one) for one in load_der_pkcs7_certificates(data)]
    except ValueError:
        pass
    if _is_private_key(data):
        raise BadCertificateFile(
            path, "it holds a private key", "Keep that key secret. " + _ASK, "certificate-private-key"
        )
    return []


def _is_private_key(data: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        load_der_private_key(data, None)
    except TypeError:  # it is one, with a password
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _of_x509(certificate: x509.Certificate) -> Certificate:
    return describe(certificate.public_bytes(Encoding.DER))


def _extension(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> object | None:
    try:
        return certificate.extensions.get_extension_for_oid(oid).value
    except (x509.ExtensionNotFound, ValueError):  # ValueError: extensions that break the rules
        return None


def _is_ca(certificate: x509.Certificate) -> bool:
    """By its basic constraints; a self-signed one of version 1, as very old roots are, counts as well."""
    said = _extension(certificate, ExtensionOID.BASIC_CONSTRAINTS)
    if isinstance(said, x509.BasicConstraints):
        return said.ca
    return certificate.version is x509.Version.v1 and _signs_itself(certificate)


def _signs_itself(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def _organisation(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    said = _extension(certificate, ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    if not isinstance(said, x509.SubjectAlternativeName):
        return ()
    found = [inert(one.value, _LONGEST) for _, one in zip(range(_MOST_NAMES), said, strict=False)]
    return (*found, f"and {len(said) - _MOST_NAMES} more") if len(said) > _MOST_NAMES else tuple(found)


def _issuer_url(certificate: x509.Certificate) -> str:
    said = _extension(certificate, ExtensionOID.AUTHORITY_INFORMATION_ACCESS)
    if not isinstance(said, x509.AuthorityInformationAccess):
        return ""
    for one in said:
        if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS:
            return str(one.access_location.value)
    return ""

"""A company's network in the small: servers with certificates of all kinds, proxies that ask, re-sign, or forbid.

Everything listens on loopback, on a port of its own, and keeps every byte that it was sent.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from support.raw_server import read_request, reply

DAY = datetime.timedelta(days=1)
VIEWER = b'{"data": {"viewer": {"id": "1", "username": "me", "entity": "team"}, "__typename": "Query"}}'


class Listener:
    """A socket whose connections `serve` handles, each on a thread of its own, all ended when it closes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def __enter__(self):  # type: ignore[no-untyped-def]
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(15)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="company")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(lambda client=client: self._guarded(client))  # type: ignore[misc]

    def _guarded(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(10)
            self.serve(client)


class TlsServer(Listener):
    """Shakes hands as `context` says, then answers each request. `requests`: what came through, decrypted."""

    def __init__(self, context: ssl.SSLContext, answer: Callable[[bytes], bytes] | None = None) -> None:
        super().__init__()
        self._context = context
        self._answer = answer or (lambda request: reply(200, VIEWER))
        self.requests: list[bytes] = []
        self.url = f"https://localhost:{self.port}"

    def serve(self, client: socket.socket) -> None:
        with self._context.wrap_socket(client, server_side=True) as safe:
            request = read_request(safe)
            if request:
                self.requests.append(request)
                safe.sendall(self._answer(request))


class Silent(Listener):
    """Takes connections, and what comes, and says nothing; with `reset` it hangs up after the first bytes."""

    def __init__(self, reset: bool = False) -> None:
        super().__init__()
        self._reset = reset
        self.url = f"https://localhost:{self.port}"
        self.received = b""

    def serve(self, client: socket.socket) -> None:
        self.received += client.recv(65536)
        if not self._reset:
            self.closing.wait()


class Proxy(Listener):
    """An HTTP proxy. Every name leads to `upstream` on loopback; `heads` keeps what it was asked.

    login: ``user:password`` for Basic. offers: what its 407 offers. resign: a CA with which it opens TLS connections,
    as companies' proxies do; upstream_ca: whom it trusts behind. answer: to plain requests, without asking anybody.
    """

    def __init__(
        self,
        upstream: int = 0,
        login: str = "",
        offers: tuple[str, ...] = ('Basic realm="company"',),
        resign: trustme.CA | None = None,
        upstream_ca: trustme.CA | None = None,
        answer: Callable[[bytes], bytes] | None = None,
        status: int = 0,
    ) -> None:
        super().__init__()
        self._upstream, self._login, self._offers, self._status = upstream, login, offers, status
        self._resign, self._upstream_ca, self._answer = resign, upstream_ca, answer
        self.heads: list[bytes] = []
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self, client: socket.socket) -> None:
        request = read_request(client)
        if not request:
            return
        head = request.partition(b"\r\n\r\n")[0]
        self.heads.append(head)
        wanted = base64.b64encode(self._login.encode())
        if self._login and b"proxy-authorization: basic " + wanted.lower() not in head.lower():
            client.sendall(reply(407, b"", *(f"Proxy-Authenticate: {one}" for one in self._offers)))
        elif self._status:
            client.sendall(reply(self._status, b"no"))
        elif not head.startswith(b"CONNECT "):
            self.requests.append(request)
            if self._answer is not None:
                client.sendall(self._answer(request))
        else:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._open(client, head.split()[1].decode().rpartition(":")[0])

    def _open(self, client: socket.socket, host: str) -> None:
        server: socket.socket = socket.create_connection(("127.0.0.1", self._upstream), 10)
        with contextlib.ExitStack() as stack:
            stack.enter_context(server)
            if self._resign is not None and self._upstream_ca is not None:
                self._re_sign(client, server, host, self._resign, self._upstream_ca)
                return
            back = threading.Thread(target=_pump, args=(server, client), name="company-back")
            back.start()
            _pump(client, server)
            back.join(15)

    def _re_sign(
        self, client: socket.socket, server: socket.socket, host: str, resign: trustme.CA, upstream_ca: trustme.CA
    ) -> None:
        """One request and its answer, decrypted in between; two threads on one TLS socket would be a race."""
        mine, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        resign.issue_cert(host).configure_cert(mine)
        upstream_ca.configure_trust(theirs)
        with mine.wrap_socket(client, server_side=True) as near:
            request = read_request(near)
            if request:
                with theirs.wrap_socket(server, server_hostname="localhost") as far:
                    far.sendall(request)
                    while data := far.recv(65536):
                        near.sendall(data)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def forward(port: int, tls: bool = False) -> Callable[[bytes], bytes]:
    """An `answer` that asks a server on loopback. tls: as what speaks TLS for a server does, addresses that the server
    names are those at which it was asked."""

    def answer(request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [one for one in head.split(b"\r\n") if not one.lower().startswith((b"host:", b"connection:"))]
        lines[1:1] = [b"Host: 127.0.0.1:%d" % port, b"Connection: close"]
        with socket.create_connection(("127.0.0.1", port), 10) as server:
            server.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            parts = []
            while more := server.recv(65536):
                parts.append(more)
        told = b"".join(parts)
        return _renamed(told, b"http://127.0.0.1:%d" % port, b"https://" + _host(head)) if tls else told

    return answer


def _host(head: bytes) -> bytes:
    lines = [one.partition(b":") for one in head.split(b"\r\n")]
    return next(value.strip() for name, _, value in lines if name.lower() == b"host")


def _renamed(told: bytes, inner: bytes, outer: bytes) -> bytes:
    """An answer with other addresses in its body, and the length that goes with it."""
    head, _, body = told.partition(b"\r\n\r\n")
    changed = body.replace(inner, outer)
    lengths = [b"content-length: %d" % len(one) for one in (body, changed)]
    return head.replace(b"Content-Length", b"content-length").replace(*lengths) + b"\r\n\r\n" + changed


class Company:
    """A CA, and server contexts with certificates of all kinds. Files lie in `folder`."""

    def __init__(self, folder: Path, organisation: str = "Company Root CA") -> None:
        self.folder = folder
        self.ca = trustme.CA(organization_name=organisation)
        self.ca_file = folder / f"{organisation.replace(' ', '-')}.pem"
        self.ca.cert_pem.write_to_path(str(self.ca_file))
        self.now = datetime.datetime.now(datetime.timezone.utc)

    def good(self, *names: str) -> ssl.SSLContext:
        return _context(self.ca.issue_cert(*(names or ("localhost", "127.0.0.1"))))

    def expired(self) -> ssl.SSLContext:
        return _context(self.ca.issue_cert("localhost", not_before=self.now - 60 * DAY, not_after=self.now - 2 * DAY))

    def not_yet_valid(self) -> ssl.SSLContext:
        return _context(self.ca.issue_cert("localhost", not_before=self.now + 2 * DAY, not_after=self.now + 60 * DAY))

    def with_intermediate(self, complete: bool) -> ssl.SSLContext:
        leaf = trustme.CA(self.ca, 0, "Company Root CA").issue_cert("localhost")
        if complete:
            return _context(leaf)
        return self._from(leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes(), "no-intermediate")

    def self_signed(self) -> ssl.SSLContext:
        return self._from(self._made("localhost", None), "self-signed")

    def without_authority_key(self) -> ssl.SSLContext:
        """Signed by a CA of ours whose leaf has no authority key identifier; the CA's file is `plain_ca_file`."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Old Company CA")])
        root = (
            _builder(name, name, key, self.now)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(_SIGNS, True)
            .sign(key, hashes.SHA256())
        )
        self.plain_ca_file = self.folder / "old-ca.pem"
        self.plain_ca_file.write_bytes(root.public_bytes(Encoding.PEM))
        return self._from(self._made("localhost", (name, key)), "no-aki")

    def asking_for_a_certificate(self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        context = self.good()
        context.verify_mode = ssl.CERT_REQUIRED
        context.maximum_version = version
        self.ca.configure_trust(context)
        return context

    def _made(self, host: str, by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        issuer, signer = by or (name, key)
        made = (
            _builder(name, issuer, key, self.now)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
            .sign(signer, hashes.SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return private + made.public_bytes(Encoding.PEM)

    def _from(self, pem: bytes, name: str) -> ssl.SSLContext:
        path = self.folder / f"{name}.pem"
        path.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 30 * DAY)
    )


def _context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context

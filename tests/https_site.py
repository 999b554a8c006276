"""A real https server on this machine, with a certificate authority of its own, that answers as each test wants."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Script = Callable[[ssl.SSLSocket], None]
"""What happens on a connection once the request's head was read."""


class Authority:
    """Issues certificates into a folder; `file` is what a client must trust, and `trust` trusts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority for tests")])
        self.file = folder / "authority.pem"
        made = self._begin(self._name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.file)

    def issue(self, *hosts: str, days: int = 9) -> Path:
        """A file with a certificate for `hosts` and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        made = self._begin(x509.Name([]), key, days=days).add_extension(names, critical=True)
        certificate = made.sign(self._key, hashes.SHA256())
        file = self._folder / f"{hosts[0].replace('*', '_')}-{days}.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return file

    def _begin(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int = 9) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=days))
        )


class Site:
    """Answers every connection by its script, which a test may change; counts and keeps the heads of requests."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heads: list[bytes] = []
        self.script: Script = answer(b"")
        self.is_closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self.is_closing.set()
        # An accept that waits is not woken by a close: a last visitor is.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        for thread in self._threads:
            thread.join(timeout=10)
            assert not thread.is_alive()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            visitor, _ = self._listener.accept()
            if self.is_closing.is_set():
                visitor.close()
                return
            self._threads.append(threading.Thread(target=self._serve, args=(visitor,)))
            self._threads[-1].start()

    def _serve(self, visitor: socket.socket) -> None:
        visitor.settimeout(10)
        # Whatever a client that gives up does to us, the test looks at the client.
        with suppress(OSError), visitor, self._context.wrap_socket(visitor, server_side=True) as secured:
            head = b""
            while b"\r\n\r\n" not in head and (more := secured.recv(4096)):
                head += more
            self.heads.append(head)
            self.script(secured)


def answer(body: bytes, *, status: str = "200 OK", headers: str = "") -> Script:
    """An ordinary answer."""

    def run(visitor: ssl.SSLSocket) -> None:
        visitor.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)

    return run


def raw(content: bytes) -> Script:
    """These bytes, whatever they are, and the end."""
    return lambda visitor: visitor.sendall(content)


@contextmanager
def open_site(certificate: Path) -> Iterator[Site]:
    site = Site(certificate)
    try:
        yield site
    finally:
        site.close()

"""Mail as it is really signed, and the DNS that says with which keys: for every suite that judges messages.

The keys are made when first asked for; DNS is a real server on loopback.
"""

import base64
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any, Final

import dkim
import dnslib
import nacl.encoding
import nacl.signing
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dkim.canonicalization import CanonicalizationPolicy
from dkim.crypto import HASH_ALGORITHMS, parse_pem_private_key
from dnslib.server import BaseResolver, DNSServer

from verifier.contacts.resolver import DnsResolver, NameServer

JO: Final = "jo@example.org"
DESK: Final = "desk@support.example.net"
BODY: Final = b"Please reset my account.\r\nThank you.\r\n"
COVERED: Final = (b"from", b"to", b"subject", b"date", b"message-id")


@dataclass(frozen=True)
class Key:
    """A signer's key: what signs, and the record that its domain publishes."""

    private: bytes
    record: bytes
    algorithm: bytes


@cache
def rsa_key(bits: int = 1024) -> Key:
    """One key for each size; 1,024 bits are made quickly, and accepted."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public), b"rsa-sha256")


@cache
def ed25519_key() -> Key:
    key = nacl.signing.SigningKey.generate()
    private: bytes = key.encode(encoder=nacl.encoding.Base64Encoder)
    public: bytes = key.verify_key.encode(encoder=nacl.encoding.Base64Encoder)
    return Key(private, b"v=DKIM1; k=ed25519; p=" + public, b"ed25519-sha256")


def write_mail(
    *,
    sender: str = f"Jo Doe <{JO}>",
    to: str = DESK,
    subject: str | None = "My account",
    at: datetime | None = None,
    more: Sequence[str] = (),
    body: bytes = BODY,
) -> bytes:
    date = format_datetime(at or datetime.now(UTC))
    lines = [f"From: {sender}", f"To: {to}", f"Date: {date}", "Message-ID: <1@example.org>", *more]
    if subject is not None:
        lines.append(f"Subject: {subject}")
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def sign(
    mail: bytes,
    *,
    key: Key | None = None,
    domain: str = "example.org",
    covers: Sequence[bytes] = COVERED,
    canonical: bytes = b"relaxed/relaxed",
    tags: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """The mail under a true signature with exactly these tags; a tag of `b""` is left out."""
    key = key or rsa_key()
    signer = dkim.DKIM(mail, signature_algorithm=key.algorithm)
    signer.hasher = HASH_ALGORITHMS[key.algorithm]
    policy = CanonicalizationPolicy.from_c_value(canonical)
    body = policy.canonicalize_body(signer.body)
    length = (tags or {}).get(b"l")
    hashed = signer.hasher(body if not length else body[: int(length)]).digest()
    fields: dict[bytes, bytes] = {
        b"v": b"1",
        b"a": key.algorithm,
        b"c": canonical,
        b"d": domain.encode(),
        b"s": b"s1",
        b"t": str(int(datetime.now(UTC).timestamp())).encode(),
        b"h": b":".join(covers),
        b"bh": base64.b64encode(hashed),
        **(tags or {}),
        b"b": b"0" * 60,
    }
    kept = [(name, value) for name, value in fields.items() if value]
    header: bytes = signer.gen_header(kept, list(covers), policy, b"DKIM-Signature", _load(key))
    return b"DKIM-Signature: " + header + mail


def forward(
    mail: bytes,
    *,
    domain: str = "forwarder.net",
    key: Key | None = None,
    saw: str = "dkim=pass header.d=example.org",
) -> bytes:
    """The mail as a forwarder hands it on, under its seal (ARC), which says what it `saw`."""
    results = f"Authentication-Results: mx.{domain}; arc=none; {saw}\r\n".encode()
    if b"ARC-Seal" in mail:
        results = results.replace(b"arc=none", b"arc=pass")
    sealed = dkim.arc_sign(
        results + mail,
        b"s1",
        domain.encode(),
        (key or rsa_key()).private,
        f"mx.{domain}".encode(),
        include_headers=list(COVERED),
    )
    assert sealed, "dkimpy seals no results that it cannot read"
    return b"".join(sealed) + results + mail


def _load(key: Key) -> Any:
    if key.algorithm == b"ed25519-sha256":
        return nacl.signing.SigningKey(key.private, encoder=nacl.encoding.Base64Encoder)
    return parse_pem_private_key(key.private)


@dataclass
class Zone(BaseResolver):  # type: ignore[misc]  # dnslib is not typed
    """The records of a test, by name; `mute` names get no answer, `broken` ones a server failure."""

    records: dict[str, list[bytes]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    mute: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def clear(self) -> None:
        for part in (self.records, self.aliases, self.mute, self.broken, self.asked):
            part.clear()

    def publish(self, domain: str, key: Key, *, selector: str = "s1") -> None:
        self.records[f"{selector}._domainkey.{domain}"] = [key.record]

    def resolve(self, request: dnslib.DNSRecord, handler: Any) -> dnslib.DNSRecord:
        name = str(request.q.qname).rstrip(".").lower()
        self.asked.append(name)
        reply = request.reply()
        if name in self.mute:
            raise dnslib.DNSError  # the server takes that for a broken question, and keeps silent
        if name in self.broken:
            reply.header.rcode = dnslib.RCODE.SERVFAIL
            return reply
        if name in self.aliases:
            reply.add_answer(dnslib.RR(name, dnslib.QTYPE.CNAME, rdata=dnslib.CNAME(self.aliases[name])))
            name = self.aliases[name]
        if name not in self.records and not reply.rr:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        for text in self.records.get(name, []):
            parts = [text[start : start + 255] for start in range(0, len(text), 255)]
            reply.add_answer(dnslib.RR(name, dnslib.QTYPE.TXT, rdata=dnslib.TXT(parts)))
        if handler.protocol == "udp" and len(reply.pack()) > 1232:
            reply = request.reply()
            reply.header.tc = 1  # the rest comes by TCP
        return reply


@contextlib.contextmanager
def serve(zone: Zone, *, timeout: timedelta = timedelta(seconds=5)) -> Iterator[DnsResolver]:
    """A resolver that asks a server of its own, which answers from `zone`."""
    with serve_at(zone) as port:
        yield DnsResolver([NameServer("127.0.0.1", port)], timeout=timeout)


@contextlib.contextmanager
def serve_at(zone: Zone) -> Iterator[int]:
    """The port at which a server answers from `zone`, by UDP and TCP."""
    servers = _listen(zone)
    for server in servers:
        server.start_thread()
    try:
        yield int(servers[0].server.server_address[1])
    finally:
        for server in servers:
            server.stop()
            server.server.server_close()


def _listen(zone: Zone) -> tuple[DNSServer, DNSServer]:
    """By UDP and TCP on one port: the first that is free for both."""
    quiet = _Quiet()
    while True:
        datagrams = DNSServer(zone, address="127.0.0.1", port=0, logger=quiet)
        port = datagrams.server.server_address[1]
        try:
            return datagrams, DNSServer(zone, address="127.0.0.1", port=port, tcp=True, logger=quiet)
        except OSError:  # somebody has this number for TCP
            datagrams.server.server_close()


class _Quiet:
    """Takes what the DNS server would print."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None

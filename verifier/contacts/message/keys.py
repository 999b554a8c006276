"""The public keys of signers, as their DNS records give them (RFC 6376, section 3.6.1; RFC 8463).

It guarantees that dkimpy is handed only keys that were read and measured here, written again in one form: its own
reader takes what is no key, and multiplies numbers of any size. Says nothing of a message.
"""

import base64
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from dkim.util import InvalidTagValueList, parse_tag_value

from verifier.contacts.errors import MessageRefusedError
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import Resolver

_LONGEST_RECORD: Final = 4096
_MOST_BITS: Final = 8192


@dataclass(frozen=True)
class SigningKey:
    """`record` is what dkimpy reads; `is_exact` where only the domain itself, none below it, may be the identity."""

    record: bytes
    algorithm: bytes
    is_exact: bool


def find_key(selector: str, domain: str, *, min_bits: int, resolver: Resolver) -> SigningKey:
    """Look a signer's key up; raise `MessageRefusedError` where there is none to be used, `LookupFailedError` where
    nobody can say."""
    records = resolver.txt(f"{selector}._domainkey.{domain}")
    # Which of several would count is undefined (section 3.6.2.2), so none does.
    if len(records) != 1 or len(records[0]) > _LONGEST_RECORD:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    try:
        tags = parse_tag_value(records[0])
        if not _is_meant_for_mail(tags):
            raise MessageRefusedError(Reason.BAD_SIGNATURE)
        key = base64.b64decode(re.sub(rb"\s+", b"", tags[b"p"]), validate=True)
        algorithm, bits, written = _read(tags.get(b"k", b"rsa"), key)
    except (InvalidTagValueList, UnsupportedAlgorithm, ValueError, KeyError) as error:
        raise MessageRefusedError(Reason.BAD_SIGNATURE) from error
    if algorithm == b"rsa" and not min_bits <= bits <= _MOST_BITS:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    record = b"v=DKIM1; k=" + algorithm + b"; p=" + base64.b64encode(written)
    return SigningKey(record, algorithm, is_exact=b"s" in _list(tags, b"t"))


def _read(kind: bytes, key: bytes) -> tuple[bytes, int, bytes]:
    if kind == b"ed25519":
        if len(key) != 32:
            raise ValueError
        return kind, 256, key
    if kind != b"rsa":
        raise ValueError
    loaded = load_der_public_key(key)
    if not isinstance(loaded, RSAPublicKey):
        raise ValueError  # noqa: TRY004 -- not our type, their key
    return kind, loaded.key_size, loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _is_meant_for_mail(tags: dict[bytes, bytes]) -> bool:
    return (
        tags.get(b"v", b"DKIM1") == b"DKIM1"
        and tags.get(b"g", b"*") == b"*"  # RFC 4871 let a key stand for some local parts only
        and not {b"*", b"email"}.isdisjoint(_list(tags, b"s") or {b"*"})
        and b"sha256" in (_list(tags, b"h") or {b"sha256"})
        and b"y" not in _list(tags, b"t")  # a domain that is testing asks to be treated as unsigned
    )


def _list(tags: dict[bytes, bytes], name: bytes) -> frozenset[bytes]:
    return frozenset(item.strip() for item in tags.get(name, b"").split(b":") if item.strip())

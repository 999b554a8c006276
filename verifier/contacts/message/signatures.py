"""One signature of a message: what it claims, whether it covers enough to be evidence, and whether it is true.

It guarantees that a signature which verifies here covers the whole body, and From, Date and Subject. dkimpy checks the
mathematics, over the very fields and body that the judge read. Whose signature counts is left to the judge.
"""

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import dkim
from dkim.canonicalization import InvalidCanonicalizationPolicyError
from dkim.util import InvalidTagValueList, parse_tag_value

from verifier.contacts.errors import MessageRefusedError
from verifier.contacts.message.fields import Field, Message
from verifier.contacts.message.keys import find_key
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import Resolver

ALGORITHMS: Final = {b"rsa-sha256": b"rsa", b"ed25519-sha256": b"ed25519"}  # RFC 8301 ended SHA-1
_LONGEST: Final = 8000
_LABEL: Final = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_SELECTOR: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SECONDS: Final = re.compile(rb"\d{1,11}")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/\s]+[=\s]*")
_CANONICALIZATIONS: Final = re.compile(rb"(simple|relaxed)(?:/(simple|relaxed))?")
_TAGS: Final = (b"a", b"b", b"bh", b"d", b"h", b"s")
_MUST_COVER: Final = (b"from", b"date", b"subject")

# What dkimpy raises over bytes that it does not expect: its own errors, and those of what it is built of.
RAISED_BY_DKIMPY: Final = (dkim.DKIMException, ValueError, TypeError, LookupError, AssertionError, ArithmeticError)


@dataclass(frozen=True)
class Signature:
    """What a DKIM-Signature or an ARC-Message-Signature claims; nothing of it is proven yet."""

    domain: str
    selector: str
    algorithm: bytes
    covers: frozenset[bytes]
    identity_domain: str
    is_relaxed_body: bool
    signed_at: datetime | None
    expires_at: datetime | None


def read_signature(field: Field) -> Signature:
    """Read a claim; raise `MessageRefusedError` where it is not well formed, or leaves part of the body unsigned."""
    tags = read_tags(field)
    if tags.get(b"v", b"1") != b"1" or tags.get(b"q", b"dns/txt") != b"dns/txt" or tags[b"a"] not in ALGORITHMS:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    if b"l" in tags:
        # Whatever the number says, whoever hands the message on could have added to it.
        raise MessageRefusedError(Reason.UNSIGNED_PARTS)
    canonical = _CANONICALIZATIONS.fullmatch(tags.get(b"c", b"simple/simple"))
    if canonical is None or not all(_BASE64.fullmatch(tags[name]) for name in (b"b", b"bh")):
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    domain = _match(_DOMAIN, tags[b"d"])
    # An ARC-Message-Signature has its number in `i`, and no identity.
    identity = tags[b"i"].rpartition(b"@")[2] if b"@" in tags.get(b"i", b"") else tags[b"d"]
    return Signature(
        domain=domain,
        selector=_match(_SELECTOR, tags[b"s"]),
        algorithm=tags[b"a"],
        covers=frozenset(name.strip().lower() for name in tags[b"h"].split(b":")),
        identity_domain=_match(_DOMAIN, identity),
        is_relaxed_body=canonical[2] == b"relaxed",
        signed_at=_read_seconds(tags, b"t"),
        expires_at=_read_seconds(tags, b"x"),
    )


def read_tags(field: Field) -> dict[bytes, bytes]:
    """The tags of a signature, as dkimpy reads them; or raise `MessageRefusedError`."""
    try:
        tags = parse_tag_value(field.value) if len(field.value) <= _LONGEST else {}
    except InvalidTagValueList:
        tags = {}
    if not all(tags.get(name) for name in _TAGS):
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    return tags


def verify_claims(signature: Signature, *, message: Message, now: datetime, rules: MessageRules) -> None:
    """Raise `MessageRefusedError` unless the signature covers what it must and `now` lies within its time."""
    if any(name not in signature.covers for name in _MUST_COVER if message.find(name)):
        raise MessageRefusedError(Reason.UNSIGNED_PARTS)
    # Where the desk's address decides, it must be what the author wrote.
    if rules.recipients and any(name not in signature.covers for name in (b"to", b"cc") if message.find(name)):
        raise MessageRefusedError(Reason.UNSIGNED_PARTS)
    if signature.signed_at is not None and not now - rules.max_age <= signature.signed_at <= now + rules.max_skew:
        raise MessageRefusedError(Reason.STALE)
    if signature.expires_at is not None and signature.expires_at <= now:
        raise MessageRefusedError(Reason.STALE)


def verify_signature(
    signature: Signature, *, index: int, message: Message, resolver: Resolver, rules: MessageRules
) -> None:
    """Raise `MessageRefusedError`, or `LookupFailedError`, unless the signature is true.

    `index` counts the DKIM-Signature fields of the message from the top.
    """
    key = find_key(signature.selector, signature.domain, min_bits=rules.min_key_bits, resolver=resolver)
    if key.algorithm != ALGORITHMS[signature.algorithm] or (
        key.is_exact and signature.identity_domain != signature.domain
    ):
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    verifier = dkim.DKIM(logger=silent_logger(), minkey=rules.min_key_bits)
    load(verifier, message, is_relaxed=signature.is_relaxed_body)
    try:
        is_true: bool = verifier.verify(index, dnsfunc=lambda *_name, **_timeout: key.record)
    except (*RAISED_BY_DKIMPY, InvalidCanonicalizationPolicyError) as error:
        raise MessageRefusedError(Reason.BAD_SIGNATURE) from error
    if not is_true:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)


def silent_logger() -> logging.Logger:
    """For dkimpy, which logs domains and signatures: nothing of a message may reach our logs."""
    logger = logging.getLogger("verifier.silenced")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def load(signer: dkim.DomainSigner, message: Message, *, is_relaxed: bool) -> None:
    """Give one of dkimpy's verifiers the message as we read it, in place of a reading of its own."""
    signer.headers = [[field.name, field.value] for field in message.fields]
    signer.body = message.relaxed_body if is_relaxed else message.simple_body


def _match(pattern: re.Pattern[str], value: bytes) -> str:
    try:
        text = value.decode("ascii").lower()
    except UnicodeDecodeError:
        raise MessageRefusedError(Reason.BAD_SIGNATURE) from None
    if len(text) > 253 or pattern.fullmatch(text) is None:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    return text


def _read_seconds(tags: dict[bytes, bytes], name: bytes) -> datetime | None:
    if name not in tags:
        return None
    if _SECONDS.fullmatch(tags[name]) is None:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(tags[name]))

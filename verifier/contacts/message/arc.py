"""The word of a forwarder (ARC, RFC 8617): that a message was signed by its author's domain before it was handed on.

It guarantees that only the last sealer is believed, only if the operator named it, only over a message that its seal
still covers, and only for what it says to have seen itself. Those before it in the chain are believed by it, not by us.
"""

from datetime import datetime
from typing import Any, Final

import dkim
from dkim.canonicalization import InvalidCanonicalizationPolicyError
from dkim.util import InvalidTagValueList

from verifier.contacts.errors import MessageRefusedError
from verifier.contacts.message.dmarc import DomainPolicy, is_aligned
from verifier.contacts.message.fields import Field, Message
from verifier.contacts.message.keys import find_key
from verifier.contacts.message.results import read_signers, says_dmarc_failed
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.message.signatures import (
    RAISED_BY_DKIMPY,
    Signature,
    load,
    read_signature,
    read_tags,
    silent_logger,
    verify_claims,
)
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import Resolver

_MOST_SETS: Final = 10
_PARTS: Final = (b"arc-seal", b"arc-message-signature", b"arc-authentication-results")


def claims_trusted_seal(message: Message, *, rules: MessageRules) -> bool:
    """Whether the last sealer says that it is a named forwarder. Costs no look-up, and proves nothing."""
    seals = message.find(b"arc-seal")
    if not rules.forwarders or not 0 < len(seals) <= _MOST_SETS:
        return False
    tags = [_read_seal(field) for field in seals]
    last = [found.get(b"d", b"") for found in tags if found.get(b"i") == str(len(seals)).encode()]
    return len(last) == 1 and last[0].decode("ascii", errors="replace").lower() in rules.forwarders


def verify_seal(
    message: Message, *, domain: str, policy: DomainPolicy, now: datetime, resolver: Resolver, rules: MessageRules
) -> None:
    """Raise `MessageRefusedError`, or `LookupFailedError`, unless a named forwarder sealed a message from `domain`.

    1. There are as many of each of the three fields as there are sets.
    2. The last signature of the message covers what a signature must, is in time, and is the forwarder's.
    3. Every seal of the chain is true, and so is that signature.
    4. The forwarder itself saw a true signature that is aligned with `domain`, and no failing policy.
    """
    # 1
    count = len(message.find(b"arc-seal"))
    if any(len(message.find(part)) != count for part in _PARTS):
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    # 2
    signature = _read_last_signature(message, instance=str(count).encode())
    verify_claims(signature, message=message, now=now, rules=rules)
    if signature.domain not in rules.forwarders or not signature.is_relaxed_body:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    # 3
    last = _verify_chain(message, resolver=resolver, rules=rules)
    if (last["instance"], _as_domain(last["as-domain"]), _as_domain(last["ams-domain"])) != (
        count,
        signature.domain,
        signature.domain,
    ):
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    # 4
    seen: str = last["aar-value"].decode("ascii", errors="replace")
    if says_dmarc_failed(seen) or not any(
        is_aligned(signer, domain=domain, policy=policy) for signer in read_signers(seen)
    ):
        raise MessageRefusedError(Reason.NOT_ALIGNED)


def _read_last_signature(message: Message, *, instance: bytes) -> Signature:
    found = [field for field in message.find(b"arc-message-signature") if read_tags(field).get(b"i") == instance]
    if len(found) != 1:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    return read_signature(found[0])


def _read_seal(field: Field) -> dict[bytes, bytes]:
    try:
        tags: dict[bytes, bytes] = dkim.parse_tag_value(field.value)
    except InvalidTagValueList:
        return {}
    return tags


def _verify_chain(message: Message, *, resolver: Resolver, rules: MessageRules) -> dict[str, Any]:
    """What dkimpy found of the last set, where the whole chain is true."""

    def answer(name: bytes, **_timeout: float) -> bytes:
        selector, _, domain = name.decode("ascii").rstrip(".").partition("._domainkey.")
        try:
            key = find_key(selector, domain, min_bits=rules.min_key_bits, resolver=resolver)
        except MessageRefusedError:
            return b""  # no key: dkimpy finds that signature false, and decides whether the chain needs it
        return key.record if key.algorithm == b"rsa" else b""

    chain = dkim.ARC(logger=silent_logger(), minkey=rules.min_key_bits)
    load(chain, message, is_relaxed=True)
    try:
        status, results, _reason = chain.verify(dnsfunc=answer)
    except (*RAISED_BY_DKIMPY, InvalidCanonicalizationPolicyError) as error:
        raise MessageRefusedError(Reason.BAD_SIGNATURE) from error
    if status != dkim.CV_Pass or not results:
        raise MessageRefusedError(Reason.BAD_SIGNATURE)
    last: dict[str, Any] = results[0]
    return last


def _as_domain(value: bytes) -> str:
    return value.decode("ascii", errors="replace").lower()

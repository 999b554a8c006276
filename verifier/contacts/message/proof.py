"""What binds a message to the domain of its author: the first true signature that is aligned, or a forwarder's word.

It guarantees that signatures of other domains cost no look-up, and that no more are tried than the rules say. Whether
the author is the one who was expected is left to the judge.
"""

from dataclasses import dataclass
from datetime import datetime

from verifier.contacts.errors import LookupFailedError, MessageRefusedError
from verifier.contacts.message.arc import claims_trusted_seal, verify_seal
from verifier.contacts.message.dmarc import DomainPolicy, is_aligned
from verifier.contacts.message.fields import Field, Message
from verifier.contacts.message.rules import Grade, MessageRules
from verifier.contacts.message.signatures import Signature, read_signature, verify_claims, verify_signature
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import Resolver


@dataclass(frozen=True)
class Case:
    """One message from `domain` under judgement, with what every step asks for."""

    message: Message
    domain: str
    policy: DomainPolicy
    now: datetime
    resolver: Resolver
    rules: MessageRules


def find_proof(case: Case) -> Grade | tuple[Reason, ...]:
    """How close the first proof is to the author's domain; or, for each signature looked at, why it is none."""
    reasons: list[Reason] = []
    tried = 0
    for index, field in enumerate(case.message.find(b"dkim-signature")):
        signature = _read_aligned(field, case)
        if isinstance(signature, Reason):
            reasons.append(signature)
            continue
        if tried == case.rules.max_signatures:
            break
        tried += 1
        found = _verify(signature, index=index, case=case)
        if isinstance(found, Grade):
            return found
        reasons.append(found)
    if claims_trusted_seal(case.message, rules=case.rules):
        sealed = _verify_seal(case)
        if isinstance(sealed, Grade):
            return sealed
        reasons.append(sealed)
    return tuple(reasons)


def _read_aligned(field: Field, case: Case) -> Signature | Reason:
    try:
        signature = read_signature(field)
    except MessageRefusedError as refusal:
        return refusal.reason
    is_ours = is_aligned(signature.domain, domain=case.domain, policy=case.policy)
    return signature if is_ours else Reason.NOT_ALIGNED


def _verify(signature: Signature, *, index: int, case: Case) -> Grade | Reason:
    try:
        verify_claims(signature, message=case.message, now=case.now, rules=case.rules)
        verify_signature(signature, index=index, message=case.message, resolver=case.resolver, rules=case.rules)
    except MessageRefusedError as refusal:
        return refusal.reason
    except LookupFailedError:
        return Reason.LOOKUP_FAILED
    return Grade.SAME_DOMAIN if signature.domain == case.domain else Grade.SAME_ORGANISATION


def _verify_seal(case: Case) -> Grade | Reason:
    try:
        verify_seal(
            case.message,
            domain=case.domain,
            policy=case.policy,
            now=case.now,
            resolver=case.resolver,
            rules=case.rules,
        )
    except MessageRefusedError as refusal:
        return refusal.reason
    except LookupFailedError:
        return Reason.LOOKUP_FAILED
    return Grade.FORWARDED

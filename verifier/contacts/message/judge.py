"""The judge of a raw message: did the registered e-mail address write it?

It guarantees that `confirmed` is said only where a true signature over the whole body, From, Date and Subject binds the
message to the domain of the one address in its From, as that domain's policy allows, and where the message is young.
It believes that a domain lets nobody send under another's address there, as every use of e-mail does; `grade` says how
close the binding is. Whether the message was used before is the caller's to know (`replay_digest`). No bytes make it
raise, and nothing of a message is logged.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from dkim.canonicalization import Relaxed

from verifier.contacts.challenge import is_same_text
from verifier.contacts.errors import LookupFailedError, MessageRefusedError
from verifier.contacts.message.automatic import is_automatic
from verifier.contacts.message.dates import read_date
from verifier.contacts.message.dmarc import DomainPolicy, find_policy
from verifier.contacts.message.fields import Message, read_message
from verifier.contacts.message.proof import Case, find_proof
from verifier.contacts.message.rules import Grade, MessageRules, MessageVerdict
from verifier.contacts.message.sender import names_one_of, read_sender
from verifier.contacts.message.subject import read_subject
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import CountedResolver, Resolver
from verifier.contacts.verdict import Outcome, Verdict

_OUTCOMES: Final[Mapping[Reason, Outcome]] = MappingProxyType(
    {
        Reason.ADDRESS_DIFFERS: Outcome.MISMATCH,
        Reason.NO_SIGNATURE: Outcome.UNCONFIRMED,
        Reason.NOT_ALIGNED: Outcome.UNCONFIRMED,
        Reason.LOOKUP_FAILED: Outcome.UNCONFIRMED,
        Reason.AUTOMATIC: Outcome.UNCONFIRMED,
    }
)
"""Every other reason is `failed`."""

_DIGEST_PREFIX: Final = b"verifier/v1/message\0"


def judge_message(
    raw: bytes, *, expected: str, now: datetime, resolver: Resolver, rules: MessageRules
) -> MessageVerdict:
    """Judge a message as evidence that `expected` (a normal form of `parse_email`) wrote it.

    1. The message reads in one way; it has one author and one date.
    2. No program wrote it; it is young, and where the rules name the desk's addresses, it was written to one of them.
    3. The author's domain says what it wants of mail that is not aligned with it.
    4. A signature of the domain or its organisation is true; or else a named forwarder saw one.
    5. The author is the expected address. Only now: whoever writes what they like into From must not learn which
       address is registered from the answer.
    """
    counted = CountedResolver(resolver, limit=rules.max_lookups)
    try:
        # 1
        message = read_message(raw, rules=rules)
        sender = read_sender(message)
        # 2
        _verify_circumstances(message, dated_at=read_date(message), now=now, rules=rules)
        # 3
        domain = sender.rpartition("@")[2]
        policy = find_policy(domain, resolver=counted)
    except MessageRefusedError as refusal:
        return _refuse((refusal.reason,))
    except LookupFailedError:
        return _refuse((Reason.LOOKUP_FAILED,))
    # 4
    found = find_proof(Case(message, domain, policy, now, counted, rules))
    if not isinstance(found, Grade):
        return _refuse(_gather(found, policy=policy))
    # 5
    if not is_same_text(sender, expected):
        return _refuse((Reason.ADDRESS_DIFFERS,))
    return MessageVerdict(
        Verdict(Outcome.CONFIRMED),
        grade=found,
        replay_digest=_digest(message),
        subject=read_subject(message),
    )


def _verify_circumstances(message: Message, *, dated_at: datetime, now: datetime, rules: MessageRules) -> None:
    if is_automatic(message):
        raise MessageRefusedError(Reason.AUTOMATIC)
    if not now - rules.max_age <= dated_at <= now + rules.max_skew:
        raise MessageRefusedError(Reason.STALE)
    if rules.recipients and not names_one_of(message, rules.recipients):
        raise MessageRefusedError(Reason.WRONG_RECIPIENT)


def _gather(reasons: tuple[Reason, ...], *, policy: DomainPolicy) -> tuple[Reason, ...]:
    gathered = list(dict.fromkeys(reasons)) or [Reason.NO_SIGNATURE]
    # What could not be looked up may have been the proof: the domain's wish is not called broken then.
    if policy.rejects and Reason.LOOKUP_FAILED not in gathered:
        gathered.append(Reason.POLICY_REJECTS)
    return tuple(gathered)


def _refuse(reasons: tuple[Reason, ...]) -> MessageVerdict:
    outcomes = {_OUTCOMES.get(reason, Outcome.FAILED) for reason in reasons}
    if Reason.LOOKUP_FAILED in reasons:
        outcome = Outcome.UNCONFIRMED
    else:
        outcome = Outcome.FAILED if Outcome.FAILED in outcomes else outcomes.pop()
    return MessageVerdict(Verdict(outcome, reasons))


def _digest(message: Message) -> bytes:
    """What cannot be changed while any signature that we accept stays true: a second signature that is left out, a
    blank more or another unsigned field must not make a used message a new one."""
    digest = hashlib.sha256(_DIGEST_PREFIX)
    covered = [(key, field.value) for key in (b"from", b"date", b"subject") for field in message.find(key)]
    for name, value in Relaxed.canonicalize_headers(covered):
        digest.update(name + b":" + value)
    digest.update(hashlib.sha256(message.relaxed_body).digest())
    return digest.digest()

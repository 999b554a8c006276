"""What is found out about a submission outside every transaction: a message, a token, a domain, a signature.

Guarantees: whatever a stranger sent ends in a finding, and never in an exception of its own. Leaves to others: what a
finding does to the check (`effects`), and the looking itself, which knows no database. What judges messages and tokens
is heavy, and imported with the first of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from policies.parts import CheckMethod
from verifier.contacts.domain import judge_dns, judge_file
from verifier.contacts.life import SubmissionKind
from verifier.contacts.message.rules import DECIDING_GRADES, MessageVerdict
from verifier.contacts.message.subject import names_case
from verifier.contacts.reasons import Reason
from verifier.contacts.task import MootError, Task
from verifier.contacts.tools import Tools
from verifier.contacts.verdict import Outcome, Verdict
from verifier.contacts.wallet import judge_wallet


@dataclass(frozen=True)
class Finding:
    """A verdict, where one can be given without the rows; and what must not be accepted a second time."""

    verdict: Verdict | None = None
    grade: str | None = None
    seen_once: str | None = None
    remember_for: timedelta = timedelta(0)


_NOTHING: Final = Finding()
_NOT_TOLD: Final = Finding(Verdict(Outcome.UNCONFIRMED, (Reason.LOOKUP_FAILED,)))
_ADDRESS_UNKNOWN: Final = Finding(Verdict(Outcome.UNCONFIRMED, (Reason.ADDRESS_UNKNOWN,)))


class Findings:
    """Looks at submissions with the tools of this installation."""

    def __init__(self, tools: Tools) -> None:
        self._tools: Final = tools

    def look(self, task: Task, *, now: datetime) -> Finding:
        """Raises: MootError"""
        match task.kind:
            case SubmissionKind.OPENED | SubmissionKind.BEGIN | SubmissionKind.GUESS | SubmissionKind.ADDRESS:
                return _NOTHING
            case SubmissionKind.MESSAGE:
                return self._judge_message(task, now=now)
            case SubmissionKind.ATTESTATION:
                return self._judge_attestation(task, now=now)
            case SubmissionKind.LOOK:
                return self._look_at_domain(task)
            case SubmissionKind.SIGNATURE:
                return self._judge_signature(task)
            case _:
                assert_never(task.kind)

    def _judge_message(self, task: Task, *, now: datetime) -> Finding:
        from verifier.contacts.message.judge import judge_message

        resolver, expected = self._tools.resolver, task.address
        if not self._tools.rules.recipients:
            raise MootError  # not taken here: without the desk's addresses, any message to anybody would do
        if resolver is None:
            return _NOT_TOLD
        if expected is None:
            return _ADDRESS_UNKNOWN
        found = judge_message(task.data, expected=expected, now=now, resolver=resolver, rules=self._tools.rules)
        digest = found.replay_digest
        return Finding(
            _reserve(found, task),
            grade=found.grade,
            seen_once=None if digest is None else self._tools.replay_digest(digest.hex()),
            remember_for=self._tools.rules.max_age + self._tools.rules.max_skew,
        )

    def _judge_attestation(self, task: Task, *, now: datetime) -> Finding:
        from verifier.contacts.attestation import REPLAY_FOR, judge_attestation, subject_of_digest

        keys, expected = self._tools.desk_keys, task.account_digest
        if task.challenge is None or expected is None:
            raise MootError
        if keys is None:
            return _NOT_TOLD
        found = judge_attestation(
            task.text("token"),
            keys=keys,
            audience=self._tools.audience,
            issuer=self._tools.issuer,
            nonce=task.challenge,
            subject=subject_of_digest(self._tools.account_digest, expected=expected),
            now=now,
        )
        digest = found.replay_digest
        seen_once = None if digest is None else self._tools.replay_digest(digest)
        return Finding(found.verdict, seen_once=seen_once, remember_for=REPLAY_FOR)

    def _look_at_domain(self, task: Task) -> Finding:
        resolver, fetcher = self._tools.resolver, self._tools.fetcher
        if task.challenge is None:
            raise MootError
        if task.address is None:
            return _ADDRESS_UNKNOWN
        if task.method is CheckMethod.DNS and resolver is not None:
            return Finding(judge_dns(task.address, task.challenge, resolver))
        if task.method is CheckMethod.FILE and fetcher is not None:
            return Finding(judge_file(task.address, task.challenge, fetcher))
        return _NOT_TOLD

    def _judge_signature(self, task: Task) -> Finding:
        wallets = self._tools.wallets
        if task.challenge is None:
            raise MootError
        if wallets is None:
            return _NOT_TOLD
        if task.address is None:
            return _ADDRESS_UNKNOWN
        signature, desk = task.text("signature"), self._tools.desk
        return Finding(
            judge_wallet(signature, address=task.address, challenge=task.challenge, desk=desk, verifier=wallets)
        )


def _reserve(found: MessageVerdict, task: Task) -> Verdict:
    """The verdict, and why a confirmed message needs a person: that an address wrote *something* to the desk is no
    wish for what is asked here."""
    if found.verdict.outcome is not Outcome.CONFIRMED:
        return found.verdict
    reasons: list[Reason] = []
    if found.grade not in DECIDING_GRADES:
        reasons.append(Reason.ONLY_FORWARDED)
    if not names_case(found.subject, reference=task.reference, phrase=task.phrase):
        reasons.append(Reason.CASE_NOT_NAMED)
    return Verdict(Outcome.CONFIRMED, tuple(reasons))

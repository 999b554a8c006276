"""What a submission does to its check: begins it, sends its code, counts a try, ends it.

Everything here happens in one transaction that has locked the verification; it reads the rows as they are now and not
as they were when the submission was opened. An end is logged, lets go of the code, and is told to `go_on`.
"""

from datetime import datetime
from typing import Final, assert_never

from sqlalchemy.orm import Session

from policies.parts import CheckMethod
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.contacts.challenge import new_challenge
from verifier.contacts.code import MOST_TRIES, parse_code
from verifier.contacts.codes import Codes
from verifier.contacts.ending import GoOn, end_check
from verifier.contacts.errors import CodeMalformedError
from verifier.contacts.findings import Finding
from verifier.contacts.life import (
    METHODS_OF_KIND,
    MOST_CHECKS,
    CheckState,
    Result,
    SubmissionKind,
)
from verifier.contacts.reasons import Reason
from verifier.contacts.registered import is_contact, seal_point
from verifier.contacts.submissions import count_used, may_follow, read_checks_of
from verifier.contacts.tables import ContactCheckRow, ContactPointRow, ContactSubmissionRow, SeenOnceRow
from verifier.contacts.task import MootError, Task
from verifier.contacts.telling import Telling
from verifier.contacts.verdict import Outcome, Verdict
from verifier.db.locks import insert_once
from verifier.ids import new_check_id
from verifier.vault.service import Vault
from verifier.verifications.tables import VerificationRow

MOST_LOOKS: Final = 20
_WITH_CHALLENGE: Final = frozenset(CheckMethod) - {CheckMethod.CODE, CheckMethod.MESSAGE}


class Effects:
    """Carries out what was found."""

    def __init__(self, vault: Vault, *, codes: Codes, telling: Telling, contact_key: bytes, go_on: GoOn) -> None:
        self._vault: Final = vault
        self._codes: Final = codes
        self._telling: Final = telling
        self._contact_key: Final = contact_key
        self._go_on: Final = go_on

    def apply(self, session: Session, now: datetime, row: VerificationRow, task: Task, finding: Finding) -> Result:
        """Do what the submission asks for, once the others are told of it. Raises: MootError"""
        _verify_asked(task)
        self._telling.tell_others(session, now, row, task)
        match task.kind:
            case SubmissionKind.OPENED:
                return Result.NOTED
            case SubmissionKind.BEGIN:
                return self._begin(session, now, row, task)
            case SubmissionKind.GUESS:
                return self._guess(session, now, row, task)
            case SubmissionKind.ADDRESS:
                return self._compare_address(session, now, row, task)
            case SubmissionKind.MESSAGE | SubmissionKind.ATTESTATION:
                return self._conclude_once(session, now, row, task, finding)
            case SubmissionKind.LOOK | SubmissionKind.SIGNATURE:
                return self._count_look(session, now, row, task, finding)
            case _:
                assert_never(task.kind)

    def _begin(self, session: Session, now: datetime, row: VerificationRow, task: Task) -> Result:
        check = self._open_check(session, now, row, task)
        if check.method is not CheckMethod.CODE:
            return Result.CHALLENGE_SET
        if task.address is None:
            return Result.ADDRESS_NEEDED
        network = task.text("network")
        return self._codes.send(session, now, check, task, address=task.address, network=network)

    def _open_check(self, session: Session, now: datetime, row: VerificationRow, task: Task) -> ContactCheckRow:
        """The open check that the submission is about, begun if there is none. Raises: MootError"""
        contact, method = task.asked
        checks = read_checks_of(session, row.id, contact, method)
        if checks and checks[-1].state is CheckState.OPEN:
            return checks[-1]
        if checks and (not may_follow(checks[-1]) or count_used(session, checks) >= MOST_CHECKS):
            raise MootError
        lapsed = checks[-1] if checks and checks[-1].state is CheckState.LAPSED else None
        check = ContactCheckRow(
            id=new_check_id(),
            verification_id=row.id,
            contact=contact,
            method=method,
            state=CheckState.OPEN,
            reasons=[],
            challenge=new_challenge(row.id, row.policy) if method in _WITH_CHALLENGE else None,
            tries=0 if lapsed is None else lapsed.tries,  # a new link is no way to more of them
            sends=0 if lapsed is None else lapsed.sends,
            created_at=now,
        )
        session.add(check)
        session.flush()
        of = {"verification": row.id, "check": check.id, "contact": contact, "method": method}
        record(session, now, EntryKind.CONTACT_CHECK_BEGUN, {**of, "actor": task.source})
        return check

    def _guess(self, session: Session, now: datetime, row: VerificationRow, task: Task) -> Result:
        check = _get_open(session, task)
        try:
            guessed = parse_code(task.text("code"))
        except CodeMalformedError as error:
            raise MootError from error
        found = self._codes.guess(now, check, task, guessed)
        return self._conclude(session, now, row, check, found) if isinstance(found, Verdict) else found

    def _compare_address(self, session: Session, now: datetime, row: VerificationRow, task: Task) -> Result:
        """Compare what the customer typed before anything is sent; of a difference nothing more is said."""
        check = _get_open(session, task)
        point = session.get(ContactPointRow, (row.id, check.contact))
        if point is None or point.digest is None or point.sealed is not None:
            raise MootError
        typed = task.text("address")
        is_used_up = point.tries >= MOST_TRIES  # by another check of the same point
        if is_used_up or not is_contact(self._contact_key, check.contact, typed, digest=point.digest):
            point.tries += 1
            if point.tries < MOST_TRIES:
                check.reasons = [Reason.ADDRESS_DIFFERS]
                return Result.ADDRESS_DIFFERS
            reasons = (Reason.ADDRESS_DIFFERS, Reason.TOO_MANY_TRIES)
            return self._conclude(session, now, row, check, Verdict(Outcome.FAILED, reasons))
        point.sealed = seal_point(session, self._vault, row.id, contact=check.contact, normal=typed)
        check.reasons = []
        if check.method is not CheckMethod.CODE:
            return Result.CHALLENGE_SET
        return self._codes.send(session, now, check, task, address=typed, network=task.text("network"))

    def _count_look(
        self, session: Session, now: datetime, row: VerificationRow, task: Task, finding: Finding
    ) -> Result:
        """What is not there yet may be there at the next look; only the last one ends the check unconfirmed."""
        check = _get_open(session, task)
        verdict = finding.verdict
        assert verdict is not None
        check.tries += 1
        if verdict.outcome is Outcome.CONFIRMED or check.tries >= MOST_LOOKS:
            return self._conclude(session, now, row, check, verdict)
        check.reasons = list(verdict.reasons)
        return Result.NOT_YET

    def _conclude_once(
        self, session: Session, now: datetime, row: VerificationRow, task: Task, found: Finding
    ) -> Result:
        """End a check by what may be accepted once only: a second time it is a replay."""
        is_message = task.kind is SubmissionKind.MESSAGE  # which comes unasked, and begins its check
        check = self._open_check(session, now, row, task) if is_message else _get_open(session, task)
        session.get_one(ContactSubmissionRow, task.submission).check_id = check.id
        verdict = found.verdict
        assert verdict is not None
        check.grade = found.grade
        if found.seen_once is not None:
            seen = {"kind": task.kind, "digest": found.seen_once, "seen_at": now, "forget_at": now + found.remember_for}
            if not insert_once(session, SeenOnceRow, seen):
                verdict = Verdict(Outcome.FAILED, (Reason.REPLAYED,))
        return self._conclude(session, now, row, check, verdict)

    def _conclude(
        self, session: Session, now: datetime, row: VerificationRow, check: ContactCheckRow, verdict: Verdict
    ) -> Result:
        end_check(session, now, check, verdict)
        self._go_on(session, now, row)
        return Result.ENDED


def _verify_asked(task: Task) -> None:
    """Raise `MootError` for what the policy does not ask for, or what is no proof of its kind: the door looks too, but
    whoever took the door over can write rows without it."""
    if task.kind is SubmissionKind.OPENED:
        return
    if task.asked not in {(item.contact, item.by) for item in task.policy.checks()}:
        raise MootError
    if task.method not in METHODS_OF_KIND[task.kind]:
        raise MootError


def _get_open(session: Session, task: Task) -> ContactCheckRow:
    """The open check of a submission. Raises `MootError`: what comes after the end counts for nothing."""
    check = None if task.check is None else session.get(ContactCheckRow, task.check)
    if check is None or check.state is not CheckState.OPEN:
        raise MootError
    return check

"""How the contact checks of a verification stand: for the policy, the pages and the API. Opens nothing sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.parts import CheckMethod, ContactKind
from verifier.contacts.code import MOST_SENDS, MOST_TRIES
from verifier.contacts.errors import UnknownCheckError
from verifier.contacts.life import CheckState, Result
from verifier.contacts.reasons import Reason
from verifier.contacts.registered import find_untold
from verifier.contacts.tables import ContactCheckRow, ContactSubmissionRow
from verifier.ids import CheckId, SubmissionId, VerificationId
from verifier.notices.kinds import Failure
from verifier.notices.outbox import find_status


@dataclass(frozen=True)
class CheckStatus:
    """One check, as it may be shown to whoever takes part in it: nothing that tells an address or a code."""

    id: CheckId
    contact: ContactKind
    method: CheckMethod
    state: CheckState
    reasons: tuple[str, ...]
    grade: str | None
    challenge: str | None
    needs_address: bool
    """The desk gave a digest only: the customer types the address first."""
    tries_left: int
    sends_left: int
    code_expires_at: datetime | None
    is_sent: bool
    """Whether the last code has left us."""
    failure: Failure | None
    """Why the last code did not leave us."""
    goes_at: datetime | None
    """From when on the last code is sent: some wait, so that nobody's mailbox is filled."""
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True)
class SubmissionStatus:
    """What became of a submission; `check` is the one that it began or was for."""

    id: SubmissionId
    result: Result
    is_judged: bool


def read_checks(session: Session, verification: VerificationId) -> Sequence[ContactCheckRow]:
    """Every check of a verification, oldest first."""
    return session.scalars(
        select(ContactCheckRow)
        .where(ContactCheckRow.verification_id == verification)
        .order_by(ContactCheckRow.created_at, ContactCheckRow.id)
    ).all()


def read_confirmed(session: Session, verification: VerificationId) -> frozenset[tuple[ContactKind, CheckMethod]]:
    """The checks that are evidence."""
    return frozenset(
        (check.contact, check.method)
        for check in read_checks(session, verification)
        if check.state is CheckState.CONFIRMED
    )


def read_to_see(session: Session, verification: VerificationId) -> frozenset[tuple[ContactKind, CheckMethod]]:
    """The confirmed checks at which a person must look first: those that say why."""
    return frozenset(
        (check.contact, check.method)
        for check in read_checks(session, verification)
        if check.state is CheckState.CONFIRMED and check.reasons
    )


def read_statuses(session: Session, verification: VerificationId) -> list[CheckStatus]:
    """How every check stands, oldest first."""
    untold = find_untold(session, verification)
    return [
        _describe(session, check, needs_address=check.contact in untold) for check in read_checks(session, verification)
    ]


def _describe(session: Session, check: ContactCheckRow, *, needs_address: bool) -> CheckStatus:
    notice = None if check.notice_id is None else find_status(session, check.notice_id)
    is_open = check.state is CheckState.OPEN
    failure = None if notice is None else notice.failure
    undelivered = (Reason.NOT_DELIVERED,) if is_open and failure is not None else ()
    return CheckStatus(
        id=check.id,
        contact=check.contact,
        method=check.method,
        state=check.state,
        reasons=(*check.reasons, *undelivered),
        grade=check.grade,
        challenge=check.challenge,
        needs_address=needs_address and is_open,
        tries_left=max(0, MOST_TRIES - check.tries),
        sends_left=max(0, MOST_SENDS - check.sends),
        code_expires_at=check.code_expires_at if is_open else None,
        is_sent=notice is not None and notice.sent_at is not None,
        failure=failure,
        goes_at=None if notice is None or not is_open else notice.goes_at,
        created_at=check.created_at,
        decided_at=check.decided_at,
    )


def find_submission(session: Session, verification: VerificationId, submission: SubmissionId) -> SubmissionStatus:
    """What became of a submission of this verification. Raises: UnknownCheckError"""
    row = session.get(ContactSubmissionRow, submission)
    if row is None or row.verification_id != verification:
        raise UnknownCheckError
    return SubmissionStatus(id=row.id, result=row.result, is_judged=row.judged_at is not None)

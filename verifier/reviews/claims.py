"""The queue and the claims on it.

A claim is a lease: it ends by itself, and viewing renews it. Pages open, and decisions count, only for the holder of
the live claim. Nobody claims what they had a hand in (`verifier.verifications.handlers`) where the policy asks for four
eyes, nor gives the second look after the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.ids import VerificationId
from verifier.reviews.errors import ClaimedByOtherError, FourEyesError, NotClaimedError, QueueEmptyError
from verifier.reviews.tables import ClaimRow, DecisionRow
from verifier.verifications.errors import AlreadyDecidedError, WrongStateError
from verifier.verifications.handlers import has_handled
from verifier.verifications.life import IN_REVIEW, VerificationState, is_terminal
from verifier.verifications.moves import get_policy, lock_verification
from verifier.verifications.tables import IS_IN_REVIEW, VerificationRow

LONGEST_CLAIM: Final = timedelta(hours=8)
"""The policy language knows no longer claim; one that reaches further was taken by a clock that was set back since."""


def is_live(claim: ClaimRow, now: datetime) -> bool:
    """Whether a claim still holds."""
    return now < claim.claimed_until <= now + LONGEST_CLAIM


@dataclass(frozen=True)
class Waiting:
    """One row of the queue; `claimed_by` names the holder of a live claim."""

    verification: VerificationRow
    claimed_by: str | None
    claimed_until: datetime | None


def read_queue(session: Session, now: datetime, *, limit: int = 200) -> Sequence[Waiting]:
    """What waits for a reviewer, the most urgent first."""
    rows: Sequence[Row[VerificationRow, ClaimRow | None]] = session.execute(
        select(VerificationRow, ClaimRow)
        .outerjoin(
            ClaimRow,
            (ClaimRow.verification_id == VerificationRow.id)
            & (ClaimRow.claimed_until > now)
            & (ClaimRow.claimed_until <= now + LONGEST_CLAIM),
        )
        .where(IS_IN_REVIEW)
        .order_by(VerificationRow.answer_by, VerificationRow.id)
        .limit(limit)
    ).all()
    return [
        Waiting(
            verification=row,
            claimed_by=None if held is None else held.actor,
            claimed_until=None if held is None else held.claimed_until,
        )
        for row, held in rows
    ]


def claim(session: Session, now: datetime, verification: VerificationId, *, actor: str) -> ClaimRow:
    """Take, or renew, the claim on a verification.

    Raises:
        UnknownVerificationError, AlreadyDecidedError, WrongStateError, ClaimedByOtherError, FourEyesError
    """
    row = lock_verification(session, verification)
    verify_in_review(row)
    verify_four_eyes(session, row, actor=actor)
    claimed_until = now + get_policy(session, row).review.claim_for
    held = session.get(ClaimRow, verification, populate_existing=True)  # the queue may have shown it before the lock
    if held is not None and is_live(held, now) and held.actor != actor:
        raise ClaimedByOtherError
    if held is not None and is_live(held, now):
        held.claimed_until = claimed_until
        return held
    if held is not None:
        session.delete(held)
        session.flush()
    taken = ClaimRow(verification_id=verification, actor=actor, taken_at=now, claimed_until=claimed_until)
    session.add(taken)
    record(
        session,
        now,
        EntryKind.CLAIM_TAKEN,
        {"verification": verification, "actor": actor, "claimed_until": claimed_until},
    )
    return taken


def claim_next(session: Session, now: datetime, *, actor: str) -> VerificationId:
    """Claim the most urgent verification that this reviewer may have. Raises: QueueEmptyError"""
    waiting = read_queue(session, now)
    mine = [entry for entry in waiting if entry.claimed_by == actor]
    free = [entry for entry in waiting if entry.claimed_by is None]
    for entry in [*mine, *free]:
        try:
            claim(session, now, entry.verification.id, actor=actor)
        except (FourEyesError, ClaimedByOtherError, AlreadyDecidedError, WrongStateError):
            continue  # not theirs to have, or taken or decided since the queue was read
        return entry.verification.id
    raise QueueEmptyError


def release(session: Session, now: datetime, verification: VerificationId, *, actor: str) -> None:
    """Give a claim back. Raises: UnknownVerificationError, NotClaimedError"""
    lock_verification(session, verification)
    held = verify_claimed(session, now, verification, actor=actor)
    session.delete(held)
    record(session, now, EntryKind.CLAIM_RELEASED, {"verification": verification, "actor": actor})


def verify_claimed(session: Session, now: datetime, verification: VerificationId, *, actor: str) -> ClaimRow:
    """The live claim of this reviewer. Raises: NotClaimedError"""
    held = session.get(ClaimRow, verification)
    if held is None or held.actor != actor or not is_live(held, now):
        raise NotClaimedError
    return held


def verify_in_review(row: VerificationRow) -> None:
    """Raise `AlreadyDecidedError` or `WrongStateError` unless it waits for a reviewer."""
    if is_terminal(row.state):
        raise AlreadyDecidedError({"state": row.state})
    if row.state not in IN_REVIEW:
        raise WrongStateError({"state": row.state})


def verify_four_eyes(session: Session, row: VerificationRow, *, actor: str) -> None:
    """Raise `FourEyesError` where this person must not look."""
    if get_policy(session, row).review.four_eyes and has_handled(session, row.id, actor=actor):
        raise FourEyesError
    if row.state is VerificationState.SECOND_REVIEW:
        first = session.scalars(
            select(DecisionRow.actor)
            .where(DecisionRow.verification_id == row.id, DecisionRow.resulted_in == VerificationState.SECOND_REVIEW)
            .order_by(DecisionRow.id.desc())
        ).first()
        if first == actor:
            raise FourEyesError

"""Which verifications end soon because nobody decided them, and what a law keeps of those that have ended.

Reads only; `verifier.verifications.service` ends them, and holds end by their own date.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.retention.tables import HoldRow
from verifier.verifications.tables import IS_LIVE, VerificationRow


def read_ending(session: Session, *, policy: str | None, by: datetime) -> Sequence[VerificationRow]:
    """The live verifications whose latest end is `by` or before, soonest first; of one policy, where one is named."""
    query = select(VerificationRow).where(IS_LIVE, VerificationRow.undecided_by <= by)
    if policy is not None:
        query = query.where(VerificationRow.policy == policy)
    return session.scalars(query.order_by(VerificationRow.undecided_by, VerificationRow.id)).all()


def read_held_of(session: Session, now: datetime, *, policy: str) -> Sequence[HoldRow]:
    """Every hold on a verification of this policy that holds something now, the one that ends first on top."""
    query = (
        select(HoldRow)
        .join(VerificationRow, VerificationRow.id == HoldRow.verification_id)
        .where(VerificationRow.policy == policy, HoldRow.lifted_at.is_(None), HoldRow.ends_at > now)
    )
    return session.scalars(query.order_by(HoldRow.ends_at, HoldRow.id)).all()

"""Which verifications end soon because nobody decided them. Reads only; `verifier.verifications.service` ends them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.verifications.life import LIVE
from verifier.verifications.tables import VerificationRow


def read_ending(session: Session, *, policy: str | None, by: datetime) -> Sequence[VerificationRow]:
    """The live verifications whose latest end is `by` or before, soonest first; of one policy, where one is named."""
    query = select(VerificationRow).where(VerificationRow.state.in_(sorted(LIVE)), VerificationRow.undecided_by <= by)
    if policy is not None:
        query = query.where(VerificationRow.policy == policy)
    return session.scalars(query.order_by(VerificationRow.undecided_by, VerificationRow.id)).all()

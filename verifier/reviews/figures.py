"""What the desk has to show for asking little: how much was solved with no document, and how much without a person.

Guarantees: counted from rows, not from memory; a verification counts as solved when it was approved. Names nobody.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from verifier.evidence.tables import DocumentRow
from verifier.reviews.tables import DecisionRow
from verifier.verifications.life import VerificationState
from verifier.verifications.tables import VerificationRow


@dataclass(frozen=True)
class Solved:
    """Approved verifications of one period, and how they came to it."""

    total: int
    without_document: int
    """No document ever arrived."""
    without_person: int
    """Contact checks decided alone."""

    @property
    def share_without_document(self) -> float | None:
        return self.without_document / self.total if self.total else None

    @property
    def share_without_person(self) -> float | None:
        return self.without_person / self.total if self.total else None


def count_solved(session: Session, *, since: datetime) -> Solved:
    """Of all verifications that were approved since then."""
    has_document = exists().where(DocumentRow.verification_id == VerificationRow.id, DocumentRow.sealed_at.is_not(None))
    has_decision = exists().where(DecisionRow.verification_id == VerificationRow.id)
    total, without_document, without_person = session.execute(
        select(
            func.count(VerificationRow.id),
            func.count(VerificationRow.id).filter(~has_document),
            func.count(VerificationRow.id).filter(~has_decision),
        ).where(VerificationRow.state == VerificationState.APPROVED, VerificationRow.ended_at >= since)
    ).one()
    return Solved(total, without_document, without_person)

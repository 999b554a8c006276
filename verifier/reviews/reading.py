"""What pages show of reviews: whose a verification is, what was seen, what happened, what colleagues noted.

Writes nothing. The notes are private values: whoever shows them has the view logged first (`verifier.reviews.views`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verifier.db.engine import Database
from verifier.evidence.tables import DocumentRow
from verifier.ids import DocumentId, VerificationId
from verifier.reviews.claims import is_live, verify_four_eyes
from verifier.reviews.decisions import Outcome
from verifier.reviews.errors import FourEyesError
from verifier.reviews.tables import ClaimRow, DecisionRow, PageViewRow
from verifier.vault.service import Vault
from verifier.verifications.life import VerificationState
from verifier.verifications.sealed_values import open_values
from verifier.verifications.tables import IS_IN_REVIEW, SealedValueRow, VerificationRow


@dataclass(frozen=True)
class QueueCount:
    """How many verifications wait for a reviewer, and how many of them are late."""

    waiting: int
    late: int


@dataclass(frozen=True, repr=False)
class StaffNote:
    """A note among staff, opened."""

    actor: str
    at: datetime
    text: str


def count_queue(session: Session, now: datetime) -> QueueCount:
    """Of the whole queue, not of one page."""
    waiting = select(func.count(VerificationRow.id)).where(IS_IN_REVIEW)
    late = waiting.where(VerificationRow.answer_by < now)
    return QueueCount(session.scalar(waiting) or 0, session.scalar(late) or 0)


def find_claim(session: Session, now: datetime, verification: VerificationId) -> ClaimRow | None:
    """The live claim on a verification."""
    held = session.get(ClaimRow, verification)
    return held if held is not None and is_live(held, now) else None


def is_barred(session: Session, row: VerificationRow, *, actor: str) -> bool:
    """Whether four eyes keep this person from looking."""
    try:
        verify_four_eyes(session, row, actor=actor)
    except FourEyesError:
        return True
    return False


def read_viewed_pages(session: Session, verification: VerificationId, *, actor: str) -> frozenset[tuple[str, int]]:
    """Which pages, by document and number, were sent to this person."""
    rows = session.execute(
        select(PageViewRow.document_id, PageViewRow.page)
        .join(DocumentRow, DocumentRow.id == PageViewRow.document_id)
        .where(DocumentRow.verification_id == verification, PageViewRow.actor == actor)
    )
    return frozenset((DocumentId(document), page) for document, page in rows)


def read_decisions(session: Session, verification: VerificationId) -> Sequence[DecisionRow]:
    """Every decision on a verification, the oldest first."""
    rows = select(DecisionRow).where(DecisionRow.verification_id == verification)
    return session.scalars(rows.order_by(DecisionRow.id)).all()


def open_notes(database: Database, vault: Vault, verification: VerificationId) -> list[StaffNote]:
    """What colleagues noted, the oldest first. A second look is blind: what an approval said is left out.

    Raises:
        KeyMissingError: the key was destroyed, or is lost.
    """
    with database.read() as session:
        by_time = {row.decided_at: row for row in read_decisions(session, verification)}
        notes = select(SealedValueRow.name, SealedValueRow.created_at).where(
            SealedValueRow.verification_id == verification, SealedValueRow.name.startswith("note.")
        )
        # A note is sealed in the transaction of its decision, so the two have one time.
        written = {name.removeprefix("note."): by_time.get(at) for name, at in session.execute(notes)}
    texts = open_values(database, vault, verification, prefix="note.")
    return [
        StaffNote(actor=decision.actor, at=decision.decided_at, text=text)
        for name, text in texts.items()
        if (decision := written.get(name)) is not None and not is_first_approval(decision)
    ]


def is_first_approval(decision: DecisionRow) -> bool:
    """Whether this is the first of two approvals, which the second must not lean on."""
    return decision.outcome == Outcome.APPROVE and decision.resulted_in == VerificationState.SECOND_REVIEW

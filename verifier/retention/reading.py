"""What has to be destroyed and when, for those who look: open obligations by document, the oldest deadline first.

Guarantees: a document is listed while absence of any of its copies was not yet seen, however its row stands. Knows ids
and dates only; `verifier.disposal.reading` says what the documents are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from verifier.ids import CopyId, DocumentId, VerificationId
from verifier.retention.service import Rule
from verifier.retention.tables import ObligationRow

OVERDUE_AFTER: Final = timedelta(seconds=60)
"""P3: what is due is seen absent within 60 s. What is still there after that is overdue."""

_IS_OPEN: Final = ObligationRow.closed_at.is_(None)


@dataclass(frozen=True)
class Duty:
    """What is left to destroy of one document. `destroy_by` and `rule` are those of the copy that goes first.

    `destroy_by` is when that copy became, or becomes, due: what was brought forward to "at once" has the moment of it.
    """

    document: DocumentId
    verification: VerificationId
    copies: tuple[CopyId, ...]
    destroy_by: datetime
    rule: Rule
    is_overdue: bool


@dataclass(frozen=True)
class DutyCount:
    """How many documents are stored, and how many of them are overdue."""

    stored: int
    overdue: int


def read_duties(session: Session, now: datetime, *, after: tuple[datetime, str] | None, limit: int) -> list[Duty]:
    """At most `limit` documents, oldest deadline first; `after` is `destroy_by` and id of the last one before."""
    # Open rows first and by themselves: grouped straight from the table, all of history would be walked by document.
    still_open = (
        select(ObligationRow.document_id, ObligationRow.due_since).where(_IS_OPEN).cte().prefix_with("MATERIALIZED")
    )
    id_, first_end = still_open.c.document_id, func.min(still_open.c.due_since)
    query = select(id_).group_by(id_)
    if after is not None:
        at, last = after
        query = query.having((first_end > at) | ((first_end == at) & (id_ > last)))
    documents = session.scalars(query.order_by(first_end, id_).limit(limit)).all()
    return _to_duties(session, now, documents)


def _to_duties(session: Session, now: datetime, documents: Sequence[DocumentId]) -> list[Duty]:
    query = (
        select(ObligationRow)
        .where(_IS_OPEN, ObligationRow.document_id.in_(documents))
        .order_by(ObligationRow.due_since, ObligationRow.copy_id)
    )
    rows: dict[DocumentId, list[ObligationRow]] = {document: [] for document in documents}
    for row in session.scalars(query):
        rows[row.document_id].append(row)
    return [
        Duty(
            document=document,
            verification=open_rows[0].verification_id,
            copies=tuple(row.copy_id for row in open_rows),
            destroy_by=open_rows[0].due_since,
            rule=Rule(open_rows[0].rule),
            is_overdue=open_rows[0].due_since + OVERDUE_AFTER <= now,
        )
        for document, open_rows in rows.items()
    ]


def count_duties(session: Session, now: datetime) -> DutyCount:
    """Of everything, not of one page."""

    def count(query: Select[int]) -> int:
        return session.scalar(query) or 0

    stored = select(func.count(ObligationRow.document_id.distinct())).where(_IS_OPEN)
    return DutyCount(count(stored), count(stored.where(ObligationRow.due_since <= now - OVERDUE_AFTER)))

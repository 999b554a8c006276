"""Obligations: opened with the copy, brought forward when a document ends, closed when absence was seen.

Guarantees: an obligation is never moved later once it is due, unless a law keeps what it is about when its verification
ends, and never closed without a time of observation.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from verifier.db.base import EPOCH, table_of
from verifier.db.leases import take_leases
from verifier.db.prepared import Change
from verifier.ids import CopyId, DocumentId, VerificationId
from verifier.retention.tables import ObligationRow

DUE_AT_ONCE: Final = EPOCH
"""`destroy_by` of what must go now: the minimum, so that disposal after a decision needs no clock."""

_LEASE_FOR: Final = timedelta(seconds=10)

OVERDUE_SINCE: Final = (
    select(func.min(ObligationRow.due_since))
    .where(ObligationRow.closed_at.is_(None), ObligationRow.destroy_by <= bindparam("now"))
    .scalar_subquery()
)
"""Since when the oldest open obligation has been due, as a part of a question; `now` is handed in when it is asked."""

_OBLIGATIONS: Final = table_of(ObligationRow)
_INSERT: Final = Change(insert(_OBLIGATIONS))
_POSTPONE: Final = Change(
    update(_OBLIGATIONS).where(
        ObligationRow.document_id == bindparam("of_document"),
        ObligationRow.closed_at.is_(None),
        ObligationRow.destroy_by > bindparam("now"),
    )
)


class Rule(StrEnum):
    """Why a copy has to go."""

    UNDECIDED = "undecided"
    UNFINISHED_UPLOAD = "unfinished_upload"
    REMOVED = "removed"
    REPLACED = "replaced"
    REFUSED = "refused"
    RESUBMIT = "resubmit"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    KEY_LOST = "key_lost"
    RESTORED = "restored"
    """It was destroyed before, and came back with a backup: destroyed again, without a second deletion receipt."""


def open_obligation(
    session: Session,
    copy: CopyId,
    *,
    document: DocumentId,
    verification: VerificationId,
    rule: Rule,
    destroy_by: datetime,
) -> None:
    _INSERT.run(
        session,
        {
            "copy_id": copy,
            "document_id": document,
            "verification_id": verification,
            "rule": rule,
            "destroy_by": destroy_by,
            "due_since": destroy_by,
            "is_evidence": False,
        },
    )


def note_evidence(session: Session, document: DocumentId) -> None:
    """From now on a document can be decided on, and a law's minimum can mean it."""
    _change_open(session, which=ObligationRow.document_id == document, is_evidence=True)


def has_evidence(session: Session, verification: VerificationId) -> bool:
    """Whether any document waits for the decision that can be decided on."""
    found = select(ObligationRow.copy_id).where(*_waits_as_evidence(verification)).limit(1)
    return session.scalar(found) is not None


def _waits_as_evidence(verification: VerificationId) -> tuple[ColumnElement[bool], ...]:
    return (
        ObligationRow.verification_id == verification,
        ObligationRow.closed_at.is_(None),
        ObligationRow.is_evidence.is_(True),
        ObligationRow.rule == Rule.UNDECIDED,
    )


def postpone_document(
    session: Session, now: datetime, document: DocumentId, *, rule: Rule, destroy_by: datetime
) -> None:
    """Set the date of a document's open obligations, except of those that are due."""
    postponed = {"rule": rule, "destroy_by": destroy_by, "due_since": destroy_by}
    _POSTPONE.run(session, {"of_document": document, "now": now, **postponed})


def postpone_verification(
    session: Session, now: datetime, verification: VerificationId, *, destroy_by: datetime
) -> None:
    """Set the date of all that waits for a decision, except of what is due."""
    session.execute(
        update(ObligationRow)
        .where(
            ObligationRow.verification_id == verification,
            ObligationRow.closed_at.is_(None),
            ObligationRow.rule == Rule.UNDECIDED,
            ObligationRow.destroy_by > now,
        )
        .values(destroy_by=destroy_by, due_since=destroy_by)
        .execution_options(synchronize_session=False)
    )


def make_document_due(session: Session, now: datetime, document: DocumentId, *, rule: Rule) -> None:
    """Bring all of a document's obligations forward to now; the first rule that did so stays."""
    _make_due(session, now, ObligationRow.document_id == document, rule=rule)


def make_verification_due(
    session: Session, now: datetime, verification: VerificationId, *, rule: Rule, held_until: datetime | None = None
) -> None:
    """Bring all obligations of a verification forward to now.

    Where a hold lies on its documents, those that can be decided on stay until `held_until`, whatever had been their
    date; all others go now. Whoever ended them early did so before: their date is not moved.
    """
    if held_until is not None:
        session.execute(
            update(ObligationRow)
            .where(*_waits_as_evidence(verification))
            .values(rule=rule, destroy_by=held_until, due_since=held_until, leased_until=None, attempts=0)
            .execution_options(synchronize_session=False)
        )
    is_held = ObligationRow.is_evidence.is_(True) & (ObligationRow.rule == rule)
    which = ObligationRow.verification_id == verification
    _make_due(session, now, which if held_until is None else which & ~is_held, rule=rule)


def make_rest_due(session: Session, now: datetime, verification: VerificationId, *, rule: Rule) -> None:
    """Bring forward whatever is still dated later, when the key goes: nothing of what it sealed can be read then."""
    which = (ObligationRow.verification_id == verification) & (ObligationRow.destroy_by > now)
    _make_due(session, now, which, rule=rule)


def make_restored_due(session: Session, now: datetime, document: DocumentId) -> None:
    """Let all go at once of a document that a backup brought back: its rule says so, whatever it was, and no law."""
    which = ObligationRow.document_id == document
    restored = {"rule": Rule.RESTORED, "destroy_by": DUE_AT_ONCE, "is_evidence": False}
    session.execute(update(ObligationRow).where(which).values(rule=Rule.RESTORED))
    _change_open(session, which=which, **restored, due_since=now, leased_until=None, attempts=0)


def _make_due(session: Session, now: datetime, which: ColumnElement[bool], *, rule: Rule) -> None:
    which &= ObligationRow.destroy_by != DUE_AT_ONCE
    _change_open(session, which=which, rule=rule, destroy_by=DUE_AT_ONCE, due_since=now, leased_until=None, attempts=0)


def lease_due(session: Session, now: datetime, *, limit: int) -> list[DocumentId]:
    """Lease what is due; the documents that it belongs to, the most overdue first."""
    leases = take_leases(
        session,
        ObligationRow,
        key=ObligationRow.copy_id,
        due=ObligationRow.closed_at.is_(None) & (ObligationRow.destroy_by <= now),
        oldest_by=ObligationRow.destroy_by,
        now=now,
        lease_for=_LEASE_FOR,
        limit=limit,
    )
    documents = dict(
        session.execute(
            select(ObligationRow.copy_id, ObligationRow.document_id).where(
                ObligationRow.copy_id.in_([lease.id for lease in leases])
            )
        ).all()
    )
    return list(dict.fromkeys(documents[CopyId(lease.id)] for lease in leases))


def count_attempts(session: Session, document: DocumentId) -> int:
    """How often the disposal of a document was begun since it became due."""
    most = select(func.max(ObligationRow.attempts)).where(
        ObligationRow.document_id == document, ObligationRow.closed_at.is_(None)
    )
    return session.scalar(most) or 0


def lease_again_at(session: Session, document: DocumentId, *, at: datetime) -> None:
    """Let a document's open obligations rest until `at`, when they are tried again."""
    _change_open(session, which=ObligationRow.document_id == document, leased_until=at)


def lease_no_more(session: Session, verification: VerificationId) -> None:
    """Let every open obligation of a verification's documents be tried again at once: what they waited for is there."""
    _change_open(session, which=ObligationRow.verification_id == verification, leased_until=None)


def _change_open(session: Session, *, which: ColumnElement[bool], **values: object) -> None:
    """Change those obligations of `which` that are not closed."""
    session.execute(
        update(ObligationRow)
        .where(which, ObligationRow.closed_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def close_obligations(session: Session, copies: Iterable[CopyId], *, seen_absent_at: datetime) -> datetime | None:
    """Close what is open of them; since when the first of these was due, `None` where all were closed before."""
    closed = session.scalars(
        update(ObligationRow)
        .where(ObligationRow.copy_id.in_(list(copies)), ObligationRow.closed_at.is_(None))
        .values(closed_at=seen_absent_at)
        .returning(ObligationRow.due_since)
        .execution_options(synchronize_session=False)
    )
    return min(closed, default=None)


def get_rule(session: Session, document: DocumentId) -> Rule:
    """The rule under which a document's copies go; of several, that of the copy that goes first."""
    rules = session.scalars(
        select(ObligationRow.rule)
        .where(ObligationRow.document_id == document)
        .order_by(ObligationRow.destroy_by, ObligationRow.copy_id)
    )
    return Rule(rules.first() or Rule.UNDECIDED)

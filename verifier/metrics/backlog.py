"""What waits and since when, read from the database: the one picture of it that whoever watches gets.

Guarantees: one question, of which every part is answered from an index over what still waits, so that a million
disposed documents cost nothing; what is counted is counted no further than `MOST_COUNTED`. Only ages and numbers leave.
Leaves to others: how often it is asked (`exposition`), and what an operator does about it (`docs/how-to/watch-it.md`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from verifier.audit.service import OLDEST_UNPUBLISHED, OLDEST_WAITING
from verifier.audit.tables import EntryRow, LogHeadRow
from verifier.contacts.life import QUICK_KINDS, SLOW_KINDS, SubmissionKind
from verifier.contacts.tables import ContactSubmissionRow
from verifier.db.base import literal_of
from verifier.db.installation import CLOCK_HIGH
from verifier.db.wakeups import Zone
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.notices.tables import NoticeRow, is_open
from verifier.retention.reading import OVERDUE_AFTER
from verifier.retention.service import OVERDUE_SINCE
from verifier.retention.tables import ObligationRow
from verifier.verifications.intake import INTAKE_REFUSALS, KEY_DUE_SINCE, READABLE_SINCE, verify_intake_open
from verifier.verifications.tables import IS_LIVE, VerificationKeyRow, VerificationRow

MOST_COUNTED: Final = 1_000
"""Copies and keys, of those that are overdue: an operator does the same about more."""

_TIME: Final = ObligationRow.due_since.type  # or a parameter on the left of a comparison would have none
_NOW: Final = bindparam("now", type_=_TIME)
_OVERDUE_FROM: Final = bindparam("overdue_from", type_=_TIME)


def _first(moment: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.min(moment)).where(*conditions).scalar_subquery()


def _first_submission(kinds: frozenset[SubmissionKind]) -> ScalarSelect[Any]:
    row = ContactSubmissionRow
    return _first(row.created_at, row.judged_at.is_(None), row.kind.in_(sorted(kinds)))


@dataclass(frozen=True)
class Queue:
    """What one job works off: its zone, and since when the first of it waits."""

    job: str
    zone: Zone
    oldest: ScalarSelect[Any]


_key: Final = VerificationKeyRow
_verification: Final = VerificationRow
_document: Final = DocumentRow

# Names and zones as on the screen of jobs (`workers.schedule`); a test compares. Jobs that only look round have none.
QUEUES: Final = (
    Queue("check", Zone.SANITISE, _first(_document.sealed_at, _document.state == literal_of(DocumentState.SEALED))),
    Queue("shred", Zone.DISPOSE, READABLE_SINCE),
    Queue("forget_unheld", Zone.DISPOSE, _first(_key.forget_unheld_by, _key.forget_unheld_by <= _NOW)),
    Queue("dispose", Zone.DISPOSE, OVERDUE_SINCE),
    Queue("sequence", Zone.LOG, OLDEST_WAITING),
    Queue("notify", Zone.NOTIFY, _first(NoticeRow.not_before, is_open, NoticeRow.not_before <= _NOW)),
    Queue("judge", Zone.NOTIFY, _first_submission(QUICK_KINDS)),
    Queue("look_up", Zone.NOTIFY, _first_submission(SLOW_KINDS)),
    Queue(
        "expire",
        Zone.DISPOSE,
        _first(
            _verification.undecided_by,
            IS_LIVE,
            _verification.undecided_by <= _NOW,
        ),
    ),
    Queue(
        "end_unfinished",
        Zone.DISPOSE,
        _first(
            _document.writer_until,
            _document.state == literal_of(DocumentState.RECEIVING),
            _document.writer_until <= _NOW,
        ),
    ),
)

# By themselves first: counted straight from the table by document, all of history would be walked.
_overdue_copies: Final = (
    select(ObligationRow.document_id)
    .where(
        ObligationRow.closed_at.is_(None),
        ObligationRow.destroy_by <= _NOW,
        ObligationRow.due_since <= _OVERDUE_FROM,
    )
    .limit(MOST_COUNTED)
    .cte("overdue_copies")
    .prefix_with("MATERIALIZED")
)
_overdue_documents: Final = select(func.count(_overdue_copies.c.document_id.distinct()))
_overdue_keys: Final = (
    select(_key.verification_id)
    .join(_verification, _verification.id == _key.verification_id)
    .where(
        _key.shred_by.is_not(None),
        _key.shred_by <= _NOW,
        _key.unreadable_at.is_(None),
        KEY_DUE_SINCE <= _OVERDUE_FROM,
    )
    .limit(MOST_COUNTED)
    .subquery("overdue_keys")
)
_set_aside: Final = (
    select(EntryRow.id).where(EntryRow.set_aside_at.is_not(None)).limit(MOST_COUNTED).subquery("set_aside")
)
_unpublished: Final = select(LogHeadRow.size - LogHeadRow.published_size).where(LogHeadRow.id == 1)

_PICTURE: Final = select(
    CLOCK_HIGH.label("swept_at"),
    OLDEST_UNPUBLISHED.label("unpublished"),
    _unpublished.scalar_subquery().label("unpublished_entries"),
    _overdue_documents.scalar_subquery().label("overdue_documents"),
    select(func.count()).select_from(_overdue_keys).scalar_subquery().label("overdue_keys"),
    select(func.count()).select_from(_set_aside).scalar_subquery().label("set_aside_entries"),
    *(queue.oldest.label(f"queue_{queue.job}") for queue in QUEUES),
)


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """How things stand. Ages are those of the oldest, 0 where there is none; `intake_refusal` is a code, or None."""

    queues: Mapping[str, timedelta]
    undisposed: timedelta
    overdue_documents: int
    overdue_keys: int
    unpublished: timedelta
    unpublished_entries: int
    set_aside_entries: int
    swept: timedelta
    intake_refusal: str | None


def read_backlog(session: Session, now: datetime, *, intake_closes_after: timedelta) -> Backlog:
    """Look once. Raises nothing of its own; the database's errors go through."""
    asked = {"now": now, "overdue_from": now - OVERDUE_AFTER}
    found = session.connection().execute(_PICTURE, asked).mappings().one()
    queues = {queue.job: _age(now, found[f"queue_{queue.job}"]) for queue in QUEUES}
    return Backlog(
        queues=queues,
        undisposed=queues["dispose"],
        overdue_documents=found["overdue_documents"],
        overdue_keys=found["overdue_keys"],
        unpublished=_age(now, found["unpublished"]),
        unpublished_entries=found["unpublished_entries"] or 0,
        set_aside_entries=found["set_aside_entries"],
        swept=_age(now, found["swept_at"]),
        intake_refusal=find_intake_refusal(session, now, closes_after=intake_closes_after),
    )


def find_intake_refusal(session: Session, now: datetime, *, closes_after: timedelta) -> str | None:
    """With which code the doors refuse what is new; None while they take it in."""
    try:
        verify_intake_open(session, now, closes_after=closes_after)
    except INTAKE_REFUSALS as error:
        return error.code
    return None


def _age(now: datetime, since: datetime | None) -> timedelta:
    return timedelta(0) if since is None else max(now - since, timedelta(0))

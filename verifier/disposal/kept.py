"""What a law's hold keeps besides documents: details and contact points of ended verifications. Writes nothing.

Guarantees: what was held is listed until its values left the rows or its key was seen absent, also when its hold was
over before; nothing is opened, and what is told is a class, never a value. Documents are `verifier.disposal.reading`'s;
`read_everything` puts both into one order. Leaves to others: who may read.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import CTE, ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from policies.retention import DataClass, LegalHold
from verifier.disposal.reading import StoredDocument, read_stored
from verifier.ids import HoldId, VerificationId
from verifier.retention.reading import OVERDUE_AFTER
from verifier.retention.tables import HoldRow
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationKeyRow, VerificationRow

_CLASSES: Final = (DataClass.DETAILS, DataClass.CONTACT_POINTS)


@dataclass(frozen=True)
class KeptValues:
    """The values of one class that a hold keeps of a verification that ended at `since`.

    `reference` is `None` once it was forgotten, `law` where the policy knows none by the hold's reason. `is_overdue`:
    due for longer than disposal may take.
    """

    hold: HoldId
    verification: VerificationId
    reference: str | None
    policy: str
    data: DataClass
    since: datetime
    destroy_by: datetime
    law: LegalHold | None
    is_overdue: bool


@dataclass(frozen=True)
class KeptCount:
    """How many classes of how many verifications, taken together, are kept, and how many of them are overdue."""

    kept: int
    overdue: int


def read_everything(
    session: Session, now: datetime, *, after: tuple[datetime, str] | None, limit: int
) -> list[StoredDocument | KeptValues]:
    """At most `limit` documents and other values, oldest end first; `after` is `place_of` the last one before."""
    documents: Sequence[StoredDocument | KeptValues] = read_stored(session, now, after=after, limit=limit)
    kept: Sequence[StoredDocument | KeptValues] = read_kept(session, now, after=after, limit=limit)
    # What ends at the same moment is in the order of its ids as well: those of documents come before those of holds.
    return list(heapq.merge(documents, kept, key=lambda row: row.destroy_by))[:limit]


def place_of(row: StoredDocument | KeptValues) -> tuple[datetime, str]:
    """Where the list goes on after this row."""
    return row.destroy_by, row.document if isinstance(row, StoredDocument) else row.hold


def read_kept(
    session: Session, now: datetime, *, after: tuple[datetime, str] | None, limit: int
) -> Sequence[KeptValues]:
    """At most `limit` of what is kept, oldest end first; `after` is the end and the id of the last one before."""
    unforgotten = _list_unforgotten()
    query = (
        select(HoldRow, VerificationRow)
        .join_from(unforgotten, HoldRow, HoldRow.verification_id == unforgotten.c.verification_id)
        .join(VerificationRow, VerificationRow.id == HoldRow.verification_id)
        .where(*_is_there(unforgotten))
    )
    if after is not None:
        at, last = after
        query = query.where((HoldRow.ends_at > at) | ((HoldRow.ends_at == at) & (HoldRow.id > last)))
    rows = session.execute(query.order_by(HoldRow.ends_at, HoldRow.id).limit(limit)).all()
    return [
        KeptValues(
            hold=hold.id,
            verification=verification.id,
            reference=verification.reference,
            policy=verification.policy,
            data=DataClass(hold.data),
            since=hold.placed_at,
            destroy_by=hold.ends_at,
            law=get_policy(session, verification).retention.find_law(hold.reason),
            is_overdue=hold.ends_at + OVERDUE_AFTER <= now,
        )
        for hold, verification in rows
    ]


def count_kept(session: Session, now: datetime) -> KeptCount:
    """Of everything, not of one page."""

    def count(*narrowed: ColumnElement[bool]) -> int:
        unforgotten = _list_unforgotten()
        query: Select[int] = (
            select(func.count(HoldRow.id))
            .join_from(unforgotten, HoldRow, HoldRow.verification_id == unforgotten.c.verification_id)
            .where(*_is_there(unforgotten), *narrowed)
        )
        return session.scalar(query) or 0

    return KeptCount(count(), count(HoldRow.ends_at <= now - OVERDUE_AFTER))


def _list_unforgotten() -> CTE:
    # By themselves, from their own index: holds of long ago are never walked through.
    query = select(VerificationKeyRow.verification_id, VerificationKeyRow.forget_unheld_by)
    return query.where(VerificationKeyRow.forget_unheld_by.is_not(None)).cte().prefix_with("MATERIALIZED")


def _is_there(unforgotten: CTE) -> tuple[ColumnElement[bool], ...]:
    """What a hold keeps is in the rows until the forgetting that its end asks for was done (`forget_unheld`)."""
    return HoldRow.data.in_(_CLASSES), unforgotten.c.forget_unheld_by <= HoldRow.ends_at

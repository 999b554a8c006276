"""Holds: what keeps one class of an ended verification from being disposed of, and until when.

Guarantees: a hold is placed and logged in the transaction that ends the verification, so no moment lies between them;
its end is logged once. Nothing has to happen for it to end: what it held is due at `ends_at` by its own date.
Today the laws of a policy place holds. An order by people would place and lift rows of the same kind; `lifted_at` is
there for it, and `shredding_at` is the moment from which one comes too late (`verifier.disposal.shred`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from policies.retention import DataClass, LegalHold
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.ids import VerificationId, new_hold_id
from verifier.retention.tables import HoldRow

_IS_LIVE: Final = HoldRow.lifted_at.is_(None)


def place_holds(
    session: Session, now: datetime, verification: VerificationId, laws: Iterable[LegalHold]
) -> Mapping[DataClass, datetime]:
    """Place one hold for each law, and log it; until when each class is held."""
    until: dict[DataClass, datetime] = {}
    for law in laws:
        ends_at = until[law.data] = now + law.keep_for
        session.add(
            HoldRow(
                id=new_hold_id(),
                verification_id=verification,
                data=law.data.value,
                reason=law.code,
                placed_at=now,
                ends_at=ends_at,
            )
        )
        session.flush()  # its entry tells of this row, and the database may ask for it
        fields = {"verification": verification, "class": law.data.value, "reason": law.code, "ends_at": ends_at}
        record(session, now, EntryKind.HOLD_PLACED, fields)
    return until


def end_holds(session: Session, now: datetime, verification: VerificationId) -> None:
    """Log the end of every hold that is over. Repeating it changes nothing."""
    over = session.execute(
        update(HoldRow)
        .where(HoldRow.verification_id == verification, _IS_LIVE, HoldRow.ends_at <= now)
        .values(lifted_at=now)
        .returning(HoldRow.data, HoldRow.reason)
        .execution_options(synchronize_session=False)
    ).all()
    for data, reason in sorted((row.data, row.reason) for row in over):
        fields = {"verification": verification, "class": data, "reason": reason}
        record(session, now, EntryKind.HOLD_ENDED, fields)


def read_held(session: Session, now: datetime, verification: VerificationId) -> Mapping[DataClass, datetime]:
    """The classes that are held now, and until when."""
    rows = session.execute(
        select(HoldRow.data, func.max(HoldRow.ends_at))
        .where(HoldRow.verification_id == verification, _IS_LIVE, HoldRow.ends_at > now)
        .group_by(HoldRow.data)
    )
    return {DataClass(data): ends_at for data, ends_at in rows}


def read_live_holds(session: Session, now: datetime, verifications: Sequence[VerificationId]) -> Sequence[HoldRow]:
    """The holds on these verifications that hold something now, by their class."""
    query = select(HoldRow).where(HoldRow.verification_id.in_(verifications), _IS_LIVE, HoldRow.ends_at > now)
    return session.scalars(query.order_by(HoldRow.verification_id, HoldRow.data)).all()

"""Leases: how one of many workers takes due rows, and how a dead worker's rows come back.

A lease is one `UPDATE … WHERE id IN (SELECT …) AND <the same predicate> RETURNING`. On PostgreSQL the subselect takes
`FOR UPDATE SKIP LOCKED`: without it two workers get the same rows. A lease longer ahead than `LONGEST` counts as
lapsed, so a clock that was set back cannot keep a row from everyone. The closing update names the `attempts` it leased
with, or a state that only one can leave: a worker that lost its lease closes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

LONGEST: Final = timedelta(seconds=30)
"""The furthest ahead that any row is leased or put off; no more, because P3 gives a minute, whatever the clock does."""


class Leasable:
    """The columns of a row that can be leased."""

    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True)
class Lease:
    """A row that is ours until `leased_until`; `attempts` tells our lease from every other."""

    id: str
    attempts: int


def rest_for(attempts: int) -> timedelta:
    """How long a row rests that failed `attempts` times: twice as long each time, at most `LONGEST`."""
    return min(timedelta(seconds=2 ** min(attempts, 6)), LONGEST)


def is_free(row: type[Leasable], now: datetime) -> ColumnElement[bool]:
    """The condition under which nobody holds a row."""
    return or_(row.leased_until.is_(None), row.leased_until <= now, row.leased_until > now + LONGEST)


def take_leases(
    session: Session,
    row: type[Leasable],
    *,
    key: InstrumentedAttribute[str],
    due: ColumnElement[bool],
    oldest_by: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    now: datetime,
    lease_for: timedelta,
    limit: int,
) -> Sequence[Lease]:
    """Take up to `limit` due rows that nobody holds.

    Those that failed least come first, and of them the oldest: rows that cannot be done must not keep the others.
    """
    assert lease_for <= LONGEST
    takeable = due & is_free(row, now)
    order = (row.attempts, oldest_by)
    # Apart from the update, so that it is asked once: inside, PostgreSQL may ask it for each row, and lease others too.
    chosen = select(key).where(takeable).order_by(*order).limit(limit).with_for_update(skip_locked=True).cte("chosen")
    taken = (
        update(row)
        .where(key.in_(select(chosen.c[key.key])), takeable)
        .values(attempts=row.attempts + 1, leased_until=now + lease_for)
        .returning(key, row.attempts)
        .execution_options(synchronize_session=False)
    )
    return [Lease(id=id_, attempts=attempts) for id_, attempts in session.execute(taken)]

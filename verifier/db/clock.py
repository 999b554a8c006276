"""The one clock: the database's, read once per operation.

`Clock.now` is what every use case reads first. A `MovedClock` stands beside it for tests, so that they never sleep.
"""

from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from verifier.db.base import Instant
from verifier.db.prepared import Question


def _ask(expression: str) -> Question[datetime]:
    return Question(select(literal_column(expression, Instant)))


_NOW: Final = {
    # Julian day of 1970-01-01 is 2440587.5; SQLite's clock has millisecond precision.
    "sqlite": _ask("CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"),
    "postgresql": _ask("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"),
}


class Clock(Protocol):
    """Tells the time inside a transaction."""

    def now(self, session: Session) -> datetime: ...


class DatabaseClock:
    """The database's own clock, so that processes on several machines agree."""

    def now(self, session: Session) -> datetime:
        ((now,),) = _NOW[session.get_bind().dialect.name].ask(session, {})
        return now


class MovedClock:
    """The database's clock, moved by `offset`: a test moves it forward or back instead of waiting."""

    def __init__(self) -> None:
        self._clock: Final = DatabaseClock()
        self.offset = timedelta(0)

    def now(self, session: Session) -> datetime:
        return self._clock.now(session) + self.offset

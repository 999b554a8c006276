"""The installation's id, which database, documents and keys all carry, and the clock's high-water mark."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from verifier.db.tables import InstallationRow
from verifier.errors import VerifierError
from verifier.ids import InstallationId

CLOCK_TOLERANCE: Final = timedelta(seconds=60)

CLOCK_HIGH: Final = select(InstallationRow.clock_high_at).scalar_subquery()
"""The high-water mark, as a part of a larger question."""

_HIGH: Final = select(CLOCK_HIGH)


class ClockBehindError(VerifierError):
    """The clock fell below what it showed before: nothing is taken in until it is right, disposal goes on."""

    code = "clock_behind"


class Pace:
    """Tells whether a clock goes as fast as time does, by the steady clock of this process."""

    def __init__(self, *, steady_clock: Callable[[], float] = time.monotonic) -> None:
        self._steady: Final = steady_clock
        self._last: tuple[datetime, float] | None = None

    def is_steady(self, now: datetime) -> bool:
        """Whether no more than `CLOCK_TOLERANCE` was gained since the last look; what was gained counts only once."""
        steady = self._steady()
        last, self._last = self._last, (now, steady)
        return last is None or now - last[0] <= timedelta(seconds=steady - last[1]) + CLOCK_TOLERANCE


def find_installation(session: Session) -> InstallationRow | None:
    return session.scalars(select(InstallationRow)).one_or_none()


def begin_installation(session: Session, now: datetime, installation: InstallationId) -> None:
    session.add(InstallationRow(id=installation, created_at=now, clock_high_at=now))


def raise_clock_mark(session: Session, now: datetime) -> None:
    """Keep the latest time that was seen. Called by the sweep."""
    lower = InstallationRow.clock_high_at < now
    session.execute(update(InstallationRow).where(lower).values(clock_high_at=now))


def verify_clock(session: Session, now: datetime) -> None:
    """Raise `ClockBehindError` when the clock is more than 60 s below its high-water mark."""
    verify_not_below(now, high=session.scalar(_HIGH))


def verify_not_below(now: datetime, *, high: datetime | None) -> None:
    """The same for a mark that was read already."""
    if high is not None and now < high - CLOCK_TOLERANCE:
        raise ClockBehindError

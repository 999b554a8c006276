"""The workers as a program that a test runs by hand, with a clock that it moves."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select

from verifier.db.clock import MovedClock
from verifier.db.wakeups import Zone
from verifier.retention.tables import ObligationRow
from verifier.wiring import Workshop
from workers.schedule import Job, plan_jobs

_TOGETHER: Final[Mapping[Zone, Workshop]] = MappingProxyType({})
_MOST_ROUNDS = 200
_PAST_EVERY_FENCE = timedelta(seconds=31)


class Work:
    """Runs every job of the schedule, in its order, until none of them finds anything to do."""

    def __init__(self, workshop: Workshop, clock: MovedClock, *, apart: Mapping[Zone, Workshop] = _TOGETHER) -> None:
        self.workshop = workshop
        self._apart = apart
        self._clock = clock
        self._jobs = plan_jobs(workshop.house.settings)
        *self._frequent, self._hourly = self._jobs

    def __call__(self) -> None:
        for _ in range(_MOST_ROUNDS):
            if not sum(self._run(job) for job in self._frequent) and not self._run(self._hourly):
                return
        raise AssertionError("the jobs find no end")

    def run(self, name: str) -> int:
        """Run one job once; how much it found to do."""
        return self._run(next(job for job in self._jobs if job.name == name))

    def _run(self, job: Job) -> int:
        return job.run(self._apart.get(job.zone, self.workshop))

    def pass_time(self, by: timedelta) -> None:
        """Let time pass as it does while the workers run: nothing is late in the log because of it."""
        self()
        self._clock.offset += by
        self()

    def settle(self) -> None:
        """Work until everything that is due is gone, fences and rests included."""
        self()
        for _ in range(5):
            if not self.count_due():
                return
            self.pass_time(_PAST_EVERY_FENCE)
        raise AssertionError(f"{self.count_due()} copies are due and stay")

    def count_due(self) -> int:
        """How many copies are due now and not yet seen absent."""
        house = self.workshop.house
        with house.database.read() as session:
            now = house.clock.now(session)
            is_due = ObligationRow.closed_at.is_(None) & (ObligationRow.destroy_by <= now)
            return session.scalar(select(func.count()).select_from(ObligationRow).where(is_due)) or 0

"""The workers by hand, where jobs may fail: each runs as the embedded worker runs it, without its pauses."""

from datetime import timedelta
from typing import Final

from verifier.db.clock import MovedClock
from verifier.wiring import Workshop
from workers.embedded import EmbeddedWorker
from workers.schedule import plan_jobs

_ROUNDS: Final = 3


class Hands:
    """Runs rounds of all jobs but the hourly one; a job that fails is logged and comes again in the next round."""

    def __init__(self, workshop: Workshop, clock: MovedClock) -> None:
        self.workshop: Final = workshop
        self._clock: Final = clock
        self._jobs: Final = plan_jobs(workshop.house.settings)
        self._worker: Final = EmbeddedWorker(workshop, self._jobs)
        self._worker.ask_to_stop()  # so that it never pauses

    def __call__(self, *, rounds: int = _ROUNDS) -> None:
        for _ in range(rounds):
            for job in self._jobs:
                if job.name != "compare":
                    self._worker._run(job)

    def run(self, name: str) -> int:
        """One job once; how much it found to do."""
        return self._worker._run(next(job for job in self._jobs if job.name == name))

    def pass_time(self, by: timedelta) -> None:
        self()
        self._clock.offset += by
        self()

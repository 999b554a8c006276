"""A pool child of Celery: it opens the house, runs jobs for messages, and looks by its own clock beside them.

Prefork, because a job that hangs is ended by killing its process, and because what a broker does to the process that
holds its connection (freezing it, ending it) never reaches the child, nor its clock. The parent opens nothing but the
broker: no key, no store, no database is in the process that parses messages.

Guarantees: with no broker at all, everything due is found by the clock, as in the embedded form. A child that cannot
open the house ends, and the next one tries again. A child dies with its parent.
"""

import os
import time
from collections.abc import Sequence
from typing import Final

from celery import Celery, signals
from celery.concurrency.prefork import TaskPool

from verifier.errors import VerifierError
from verifier.settings import Settings
from verifier.telemetry import configure_logs, get_log
from verifier.wiring import House, Workshop, open_house, open_workshop, parts_of_zones
from workers.embedded import EmbeddedWorker, attempt
from workers.figures import show_figures
from workers.sandbox import verify_own_sandbox
from workers.schedule import Job, plan_jobs

_TRIES_AGAIN_AFTER_SECONDS: Final = 1.0
_STAYS_AT_MOST_SECONDS: Final = 20.0


class Pool(TaskPool):  # type: ignore[misc]  # Celery has no types
    """Celery's pool of processes, whose parent outlives whatever becomes of them."""

    def did_start_ok(self) -> bool:
        # Celery asks when it first reaches the broker, which may be long after the start, and ends the parent where a
        # child has died by then. One that cannot start says why itself; every one that ends is replaced.
        return True


class Bench:
    """What one pool child works with."""

    def __init__(self, settings: Settings, jobs: Sequence[Job]) -> None:
        self._jobs: Final = {job.name: job for job in jobs}
        zones = {job.zone for job in jobs}
        verify_own_sandbox(settings, zones)
        self._house: Final[House] = open_house(settings, parts=parts_of_zones(zones))
        self._workshop: Final[Workshop] = open_workshop(self._house)
        self._clock: Final = EmbeddedWorker(self._workshop, jobs)
        self._figures: Final = show_figures(self._house)

    def start(self) -> None:
        self._clock.start()

    def run(self, name: str) -> None:
        """Run a job until it finds nothing more, fails, or has had its time: the clock goes on with what is left."""
        job = self._jobs.get(name)
        if job is None:
            return  # a message in another zone's queue: who sent it does not decide where a job runs
        ends_at = time.monotonic() + _STAYS_AT_MOST_SECONDS
        while attempt(self._workshop, job) and time.monotonic() < ends_at:
            pass

    def close(self) -> None:
        self._clock.stop()
        self._figures.close()
        self._workshop.close()
        self._house.close()


_bench: Bench | None = None


def run_for_message(name: str) -> None:
    """Run the job that a message names, in this pool child."""
    assert _bench is not None, "tasks run in a pool child only"
    _bench.run(name)


def attach(app: Celery, settings: Settings) -> None:
    """Let the pool children of this app open and close their benches."""

    def keep_logs(**_given: object) -> None:
        configure_logs()  # else Celery would log messages with all that is in them

    def open_bench(**_given: object) -> None:
        global _bench  # noqa: PLW0603 -- one process, one bench; Celery hands nothing to a task
        zones = set(app.amqp.queues.consume_from)
        try:
            _bench = Bench(settings, [job for job in plan_jobs(settings) if job.zone in zones])
        except Exception as error:  # noqa: BLE001 -- Celery would log it, and keep a child that can do nothing
            code = error.code if isinstance(error, VerifierError) else "internal"
            get_log().critical("worker.refused", code=code, exc_info=error)
            time.sleep(_TRIES_AGAIN_AFTER_SECONDS)
            os._exit(1)
        _bench.start()
        get_log().info("worker.started", pid=os.getpid())

    def close_bench(**_given: object) -> None:
        if _bench is not None:
            _bench.close()

    for signal, receiver in (
        (signals.setup_logging, keep_logs),
        (signals.worker_process_init, open_bench),
        (signals.worker_process_shutdown, close_bench),
    ):
        signal.connect(receiver, weak=False)

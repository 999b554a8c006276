"""The jobs by the process's own clock: threads of one process, apart by line.

Without a broker this is the whole worker; with one, every worker runs it beside its messages, so that what no wake-up
told of is done all the same.

Guarantees: a job that fails is logged and tried again after its period; it never ends its thread, and never another
line's. A stop is asked for, not forced: each thread ends after the job that it is in.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from queue import SimpleQueue
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from verifier.audit.errors import LogStoppedError
from verifier.errors import VerifierError
from verifier.meters import get_meters
from verifier.telemetry import get_log
from verifier.wiring import Workshop
from workers.schedule import Job

_STOP_WITHIN: Final = 25.0
_RESTS_AT_MOST: Final = 1.0
"""Seconds without a look where nothing was committed: some work falls due by the clock alone."""


class EmbeddedWorker:
    """Runs a schedule until it is told to stop."""

    def __init__(self, workshop: Workshop, jobs: Iterable[Job]) -> None:
        self._workshop: Final = workshop
        self._changes: Final = workshop.house.database.open_changes()
        self._stopping: Final = threading.Event()
        self._asked: Final = SimpleQueue[None]()
        self._threads: Final = [
            threading.Thread(target=self._work, args=(group,), name=name, daemon=True)
            for name, group in _plan_threads(jobs)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask every thread to end, and wait for all of them together; one that has not ended by then is named."""
        self._stopping.set()
        ends_at = time.monotonic() + _STOP_WITHIN
        for thread in self._threads:
            thread.join(max(0.0, ends_at - time.monotonic()))
            if thread.is_alive():
                get_log().warning("worker.still_runs", line=thread.name)
        self._changes.close()

    def wait(self) -> None:
        """Wait until somebody asks to stop."""
        self._asked.get()

    def ask_to_stop(self) -> None:
        """End the wait. Safe in a handler of signals, wherever it interrupts the wait: an event's lock is not."""
        self._asked.put(None)

    def _work(self, jobs: Sequence[Job]) -> None:
        while not self._stopping.is_set():
            seen = self._changes.read()
            # Not `any(...)` over a generator: every job of the zone gets its turn, however busy the first is.
            found = [self._run(job) for job in jobs]
            if not any(found):
                self._rest(seen, min(job.every for job in jobs).total_seconds())

    def _rest(self, seen: int, every: float) -> None:
        """Until it is time to look again: looks that come more than once a second wait for a commit to look at."""
        ends_at = time.monotonic() + max(every, _RESTS_AT_MOST)
        while not self._stopping.wait(every):
            if self._changes.read() != seen or time.monotonic() >= ends_at:
                return

    def _run(self, job: Job) -> int:
        found = attempt(self._workshop, job)
        if found is None:
            self._stopping.wait(job.every.total_seconds())
        return found or 0


def attempt(workshop: Workshop, job: Job) -> int | None:
    """Run a job once: how much it found to do, or `None` where it failed, which is logged."""
    try:
        return job.run(workshop)
    except LogStoppedError as error:
        # Nothing is signed any more until somebody acts: `verifier doctor` says what was seen.
        get_log().critical("log.stopped", code=error.code)
    except VerifierError as error:
        get_log().error("job.failed", job=job.name, zone=job.zone, code=error.code, exc_info=error)
    except (SQLAlchemyError, OSError) as error:
        get_log().error("job.failed", job=job.name, zone=job.zone, exc_info=error)
    except Exception as error:  # noqa: BLE001 -- a fault of ours in one job must not end its line: disposal goes on
        get_log().critical("job.broke", job=job.name, zone=job.zone, exc_info=error)
    get_meters().count_job_failure(job.name)
    return None


def _plan_threads(jobs: Iterable[Job]) -> Sequence[tuple[str, Sequence[Job]]]:
    """Jobs of one line share a thread; a job with several threads gets them all."""
    planned: list[tuple[str, Sequence[Job]]] = []
    for line, group in groupby(jobs, key=lambda job: job.line):
        together = list(group)
        count = max(job.threads for job in together)
        planned += [(f"{line}_{number}", together) for number in range(count)]
    return planned

"""The figures as Prometheus reads them: what this process counted, and what waits in the database.

Guarantees: nothing personal: every label is from a closed list (`verifier.meters`, `backlog.QUEUES`), and no figure is
about one verification. However often somebody asks, the database is asked at most every `KEEP_FOR`; where it does not
answer, `verifier_database_answers` is 0 and what would come from it is absent, never a guess.
Leaves to others: the port (`serving`).
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.meters import get_meters
from verifier.metrics.backlog import QUEUES, Backlog, read_backlog
from verifier.telemetry import get_log
from verifier.verifications.intake import INTAKE_REFUSALS

KEEP_FOR: Final = 5.0
"""Seconds for which a reading of the database is shown again."""


class BacklogCollector(Collector):
    """Reads the database when somebody looks, and not again for `KEEP_FOR`."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        intake_closes_after: timedelta,
        sweep_every: timedelta,
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._closes_after: Final = intake_closes_after
        self._sweep_every: Final = sweep_every
        self._steady: Final = steady_clock
        self._lock: Final = threading.Lock()  # many who look at once cost one reading
        self._read_at: float | None = None
        self._kept: Backlog | None = None

    def describe(self) -> list[Metric]:
        """Nothing, so that registering reads nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        backlog = self._look()
        yield _gauge(
            "verifier_database_answers", "Whether the database answered when it was last asked.", backlog is not None
        )
        yield _gauge(
            "verifier_intake_closes_after_seconds",
            "The setting: intake closes when something due has waited this long.",
            self._closes_after.total_seconds(),
        )
        yield _gauge(
            "verifier_sweep_every_seconds", "The setting: how often the sweep runs.", self._sweep_every.total_seconds()
        )
        if backlog is not None:
            yield from _describe(backlog)

    def _look(self) -> Backlog | None:
        with self._lock:
            now = self._steady()
            if self._read_at is None or now - self._read_at >= KEEP_FOR:
                self._kept = self._read()
                self._read_at = now
            return self._kept

    def _read(self) -> Backlog | None:
        try:
            with self._database.read() as session:
                return read_backlog(session, self._clock.now(session), intake_closes_after=self._closes_after)
        except SQLAlchemyError as error:
            get_log().error("metrics.unread", exc_info=error)
            return None


def _describe(backlog: Backlog) -> Iterator[Metric]:
    yield _gauge(
        "verifier_undisposed_copy_age_seconds",
        "Since when the oldest copy is due that was not yet seen absent; 0 where none is.",
        backlog.undisposed.total_seconds(),
    )
    overdue = GaugeMetricFamily(
        "verifier_overdue", "What has been due for more than a minute and is still there.", labels=["what"]
    )
    overdue.add_metric(["documents"], backlog.overdue_documents)
    overdue.add_metric(["keys"], backlog.overdue_keys)
    yield overdue
    ages = GaugeMetricFamily(
        "verifier_queue_age_seconds", "For how long the oldest thing waits for its job.", labels=["task", "zone"]
    )
    for queue in QUEUES:
        ages.add_metric([queue.job, queue.zone], backlog.queues[queue.job].total_seconds())
    yield ages
    yield _gauge(
        "verifier_log_unsequenced_age_seconds",
        "For how long the oldest entry waits for its place in the log.",
        backlog.queues["sequence"].total_seconds(),
    )
    yield _gauge(
        "verifier_log_unpublished_age_seconds",
        "For how long the oldest entry that has its place waits for its publication.",
        backlog.unpublished.total_seconds(),
    )
    yield _gauge(
        "verifier_log_unpublished_entries",
        "How many entries have their place and are not published.",
        backlog.unpublished_entries,
    )
    yield _gauge(
        "verifier_log_set_aside_entries",
        "How many rows among the entries are none, and were set aside.",
        backlog.set_aside_entries,
    )
    closed = GaugeMetricFamily("verifier_intake_closed", "Whether nothing is taken in, and why.", labels=["reason"])
    for refusal in INTAKE_REFUSALS:
        closed.add_metric([refusal.code], backlog.intake_refusal == refusal.code)
    yield closed
    yield _gauge("verifier_sweep_age_seconds", "Since when the sweep has left no mark.", backlog.swept.total_seconds())


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


class _Counted(Collector):
    """What this process counted."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from get_meters().registry.collect()


def expose(*collectors: Collector) -> Callable[[], bytes]:
    """What writes the page: what was counted, and what `collectors` find, each time anew."""
    registry = CollectorRegistry()
    for collector in (_Counted(), *collectors):
        registry.register(collector)
    return lambda: generate_latest(registry)

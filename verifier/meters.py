"""What this process counts and times, for `/metrics`.

Guarantees: a label's value comes from a closed list: an enumeration, or a code, a rule or a name that our own source
spells; nothing that anybody sent, no id and no text can become one. Counting never raises and never waits for anything.
Leaves to others: what is read from the database, and the port (`verifier.metrics`).
"""

from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

_UNREADABLE_WITHIN: Final = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 40, 60, 120, 600, 3600)
_GONE_WITHIN: Final = (0.25, 0.5, 1, 2, 5, 10, 20, 40, 60, 120, 600, 3600)


class Store(StrEnum):
    """Where sealed things and keys lie."""

    OBJECTS = "objects"
    KEYS = "keys"
    ROOTS = "roots"


class StoreFault(StrEnum):
    """How a store fails; each is the code of the error that tells it."""

    UNAVAILABLE = "store_unavailable"
    NO_SPACE = "no_space"
    STILL_PRESENT = "still_present"
    WRONG_INSTALLATION = "wrong_installation"


class Call(StrEnum):
    """How a call of the dead man's switch ended."""

    ANSWERED = "answered"
    FAILED = "failed"


class Meters:
    """The counters and histograms of one process."""

    def __init__(self) -> None:
        # Else each figure had a second one, which says when the process began.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        self.registry: Final = registry
        self._unreadable: Final = Histogram(
            "verifier_decision_to_unreadable_seconds",
            "From when a key was due to be destroyed until it was seen gone.",
            buckets=_UNREADABLE_WITHIN,
            registry=registry,
        )
        self._gone: Final = Histogram(
            "verifier_decision_to_gone_seconds",
            "From when a document was due to be destroyed until its last copy was seen absent, by the rule it fell to.",
            ["rule"],
            buckets=_GONE_WITHIN,
            registry=registry,
        )
        self._refusals: Final = Counter(
            "verifier_refusals", "Requests that were refused, by the code of the answer.", ["code"], registry=registry
        )
        self._store_errors: Final = Counter(
            "verifier_store_errors",
            "What stores could not do, by store and kind.",
            ["store", "kind"],
            registry=registry,
        )
        self._job_failures: Final = Counter(
            "verifier_job_failures", "Runs of a job that ended in an error.", ["task"], registry=registry
        )
        self._calls: Final = Counter(
            "verifier_heartbeats", "Calls of the dead man's switch, by how they ended.", ["outcome"], registry=registry
        )
        self._keys_lost: Final = Counter(
            "verifier_keys_lost", "Verifications that ended because their key was gone unshredded.", registry=registry
        )
        # There from the start, at 0: what appears with its first error has not risen, and rings no alarm.
        for store in Store:
            for fault in StoreFault:
                self._store_errors.labels(store.value, fault.value)
        for outcome in Call:
            self._calls.labels(outcome.value)

    def time_unreadable(self, took: timedelta) -> None:
        self._unreadable.observe(_seconds(took))

    def time_gone(self, took: timedelta, *, rule: StrEnum) -> None:
        self._gone.labels(rule.value).observe(_seconds(took))

    def count_refusal(self, code: str) -> None:
        """`code` is one of the table of answers."""
        self._refusals.labels(code).inc()

    def count_store_error(self, store: Store, fault: StoreFault) -> None:
        self._store_errors.labels(store.value, fault.value).inc()

    def count_job_failure(self, job: str) -> None:
        """`job` is a name of the schedule."""
        self._job_failures.labels(job).inc()

    def count_call(self, outcome: Call) -> None:
        self._calls.labels(outcome.value).inc()

    def count_lost_key(self) -> None:
        self._keys_lost.inc()


@cache
def get_meters() -> Meters:
    """The meters of this process."""
    return Meters()


def _seconds(took: timedelta) -> float:
    return max(took.total_seconds(), 0.0)  # the clock may have been set back in between

"""What waits in an installation, as Prometheus would read it: looked at during a run, and waited for at its end."""

import threading
import time
import urllib.request
from collections.abc import Mapping
from typing import Final, Self

from prometheus_client.parser import text_string_to_metric_families

_LOOKS_EVERY: Final = 5.0
"""As often as the service reads its database for it."""
_WAITING: Final = {
    "verifier_queue_age_seconds": "queue",
    "verifier_undisposed_copy_age_seconds": "undisposed",
    "verifier_overdue": "overdue",
    "verifier_log_unpublished_age_seconds": "log unpublished",
    "verifier_intake_closed": "intake closed",
}
_SETTLED: Final = 1.0
"""An age below a second is no backlog: something is always on its way."""


def read_backlog(figures: str) -> Mapping[str, float]:
    """What waits, by what it waits for: ages in seconds, or how many. Raises `RuntimeError` where nobody knows."""
    with urllib.request.urlopen(figures, timeout=30) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [sample for family in families for sample in family.samples]
    if not any(sample.name == "verifier_database_answers" and sample.value == 1 for sample in samples):
        raise RuntimeError("the database does not answer whoever asks for figures")
    return {
        " ".join([_WAITING[sample.name], *sorted(sample.labels.values())]): sample.value
        for sample in samples
        if sample.name in _WAITING
    }


class Watch:
    """Looks every few seconds while its block runs; `highest` is the most that was seen of each."""

    def __init__(self, figures: str) -> None:
        self._figures: Final = figures
        self.highest: Final[dict[str, float]] = {}
        self.failures: Final[list[str]] = []
        self._ending: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._look_on, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._ending.wait(_LOOKS_EVERY):
            try:
                found = read_backlog(self._figures)
            except (OSError, RuntimeError) as error:
                self.failures.append(f"figures: {error}")
                continue
            for name, value in found.items():
                self.highest[name] = max(self.highest.get(name, 0.0), value)


def await_empty(figures: str, *, within: float) -> tuple[float, Mapping[str, float]]:
    """Seconds until nothing waits any more, and what still did when the time was over."""
    begun = time.monotonic()
    while True:
        waiting = {name: value for name, value in read_backlog(figures).items() if value >= _SETTLED}
        took = time.monotonic() - begun
        if not waiting or took > within:
            return took, waiting
        time.sleep(1.0)

"""Many lives at once on one place, and what they cost: seconds, steps, processor time by part, and which failed."""

import os
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Final, Protocol

import httpx2

from benchmarks.life import Line, Spans
from benchmarks.places import Place
from benchmarks.processors import LOAD, since


class Life(Protocol):
    """One life on one line, all but the line given beforehand."""

    def __call__(self, line: Line, *, spans: Spans) -> None: ...


_RESTS_FOR: Final = 10.0
FAILURES: Final = (RuntimeError, TimeoutError, ValueError, KeyError, httpx2.HTTPError)
"""What a life may end in, other than its end: told, and the benchmark ends with 1."""


@dataclass
class Outcome:
    """What came of some lives."""

    count: int
    seconds: float = 0.0
    spans: Spans = field(default_factory=Spans)
    processors: Mapping[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def used(self) -> float:
        """Processor seconds a life, without those of the load."""
        return sum(seconds for name, seconds in self.processors.items() if name != LOAD) / self.count


class Crowd:
    """Some lines on one place, used over and over."""

    def __init__(self, place: Place, *, at_once: int) -> None:
        self.place: Final = place
        self.at_once: Final = at_once
        self._lines: Final = SimpleQueue[Line]()
        self._open: Final = ExitStack()
        for _ in range(at_once):
            self._lines.put(self._open.enter_context(Line(place)))

    def close(self) -> None:
        self._open.close()

    def live(self, lives: Sequence[Life]) -> Outcome:
        """Live them all, so many at once, and wait for the last."""
        outcome = Outcome(len(lives))
        before, begun = self.place.processors.read(), time.perf_counter()
        with ThreadPoolExecutor(self.at_once) as pool:
            tried = pool.map(lambda life: self.try_one(life, outcome.spans), lives)
            outcome.failures += [failure for failure in tried if failure]
        outcome.seconds = time.perf_counter() - begun
        outcome.processors = since(before, self.place.processors.read())
        return outcome

    def try_one(self, life: Life, spans: Spans) -> str:
        """One life on a free line; why it failed, or nothing."""
        line = self._lines.get()
        try:
            life(line, spans=spans)
        except FAILURES as error:
            return f"{type(error).__name__}: {error}"
        finally:
            self._lines.put(line)
        return ""


def join_spans(outcomes: Sequence[Outcome]) -> Spans:
    joined = Spans()
    for outcome in outcomes:
        for step, took in outcome.spans.took.items():
            joined.took[step] += took
    return joined


def print_spans(spans: Spans) -> None:
    """Each step's p50 and p99."""
    for step, took in spans.took.items():
        print(f"    {step:<30} p50 {statistics.median(took):8.0f} ms   p99 {percentile(took, 0.99):8.0f} ms")


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def print_processors(outcomes: Sequence[Outcome]) -> None:
    """Where the time goes, and what would be the bottleneck if nothing but processors kept anybody."""
    count, seconds = sum(each.count for each in outcomes), sum(each.seconds for each in outcomes)
    cores = os.cpu_count() or 1
    parts = {name: sum(each.processors.get(name, 0.0) for each in outcomes) for name in outcomes[-1].processors}
    whole = sum(parts.values())
    print(f"    processor seconds a life, {whole / seconds / cores:.0%} of {cores} cores in use:")
    for name, used in sorted(parts.items(), key=lambda part: -part[1]):
        if used / count >= 0.0005:
            print(f"    {name:<30} {used / count:8.3f} s   {used / whole:4.0%}")
    most = max((name for name in parts if name != LOAD), key=lambda name: parts[name])
    ours = whole - parts[LOAD]
    print(
        f"    next bottleneck by processor time: {most} ({parts[most] / ours:.0%}); without the load itself, {cores} "
        f"cores would do for {cores * count / ours:.2f} a second"
    )


def print_rest(place: Place) -> None:
    """What the installation uses while nobody asks for anything: a part of what a life costs above."""
    before = place.processors.read()
    time.sleep(_RESTS_FOR)
    used = since(before, place.processors.read())
    parts = {name: seconds / _RESTS_FOR for name, seconds in used.items() if name != LOAD}
    most = sorted(parts.items(), key=lambda part: -part[1])[:4]
    told = ", ".join(f"{name} {share:.1%}" for name, share in most)
    print(f"    at rest afterwards: {sum(parts.values()):.1%} of one core ({told})")


def print_failures(failures: Sequence[str]) -> None:
    for failure in failures[:10]:
        print(f"    FAILED: {failure}")
    if failures:
        print(f"    {len(failures)} lives failed")

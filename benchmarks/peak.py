"""A peak of ten times the busiest desk: 7,000 verifications of one day, the day made shorter; what is left waiting.

Run as `python -m benchmarks.peak [VERIFICATIONS] [--minutes M] [--share S] [--form embedded|stack] [--at-once N]`. The
busiest desk has 700 verifications a day; they come as to a desk by day and night, an hour before noon being the
fullest. The 24 hours pass in so many minutes; at what moment each customer comes is decided beforehand (by dice that
always fall alike), and nobody waits for the one before: who comes while all `--at-once` programs of the load are busy
begins late, which is told. A `share` of them sends a 12-megapixel photo that a reviewer looks at three times; the
others type a code from a mail, which decides alone. All are real, with nothing left out: only the day is shorter, so
everything comes so many times as fast as in earnest.

Ends with 1 where a life fails, or where something still waits two sweep intervals after the last.
"""

import argparse
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from benchmarks.backlog import Watch, await_empty
from benchmarks.checking import make_photo
from benchmarks.crowd import Crowd, Life, Outcome, percentile, print_failures, print_processors, print_spans
from benchmarks.letters import Arrivals, open_letters
from benchmarks.life import prove_by_code, prove_by_photo
from benchmarks.places import Place, end_in_order, find_missing, open_embedded, open_stack
from benchmarks.processors import since
from verifier.settings import Settings

_BY_HOUR: Final = (1, 1, 1, 1, 1, 2, 3, 5, 7, 9, 9, 10, 7, 8, 8, 7, 6, 5, 4, 3, 2, 2, 1, 1)
"""How many of a hundred or so come in each hour of the day."""
_SEED: Final = 7_000
_LATE: Final = 1.0
_EMPTY_WITHIN: Final = 2 * Settings().sweep_every.total_seconds()
_OPEN: Final[dict[str, Callable[..., AbstractContextManager[Place]]]] = {
    "embedded": open_embedded,
    "stack": open_stack,
}


@dataclass(frozen=True)
class Arriving:
    """One customer: when, in seconds of the shortened day, and with what proof."""

    at: float
    has_document: bool


def plan_day(count: int, *, seconds: float, share: float) -> Sequence[Arriving]:
    """Everybody of one day in the order in which they come; exactly this share of them with a document."""
    dice = random.Random(_SEED)
    hours = dice.choices(range(24), _BY_HOUR, k=count)
    moments = sorted((hour + dice.random()) / 24 * seconds for hour in hours)
    documents = frozenset(dice.sample(range(count), round(count * share)))
    return [Arriving(moment, number in documents) for number, moment in enumerate(moments)]


def find_fullest_hour(day: Sequence[Arriving], *, seconds: float) -> int:
    """How many come in the fullest of the day's 24 hours."""
    hours = [int(each.at / seconds * 24) for each in day]
    return max(hours.count(hour) for hour in range(24))


@dataclass
class Day:
    """One day on one place."""

    crowd: Crowd
    lives: dict[bool, Life]
    """By whether there is a document."""
    late: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, day: Sequence[Arriving]) -> Outcome:
        """Let everybody come when it is their time, and wait for the last."""
        outcome = Outcome(len(day))
        before, begun = self.crowd.place.processors.read(), time.monotonic()
        with ThreadPoolExecutor(self.crowd.at_once) as pool:
            ends: list[Future[str]] = []
            for each in day:
                time.sleep(max(0.0, begun + each.at - time.monotonic()))
                ends.append(pool.submit(self._live, each, outcome, begun))
            outcome.failures += [failure for end in ends if (failure := end.result())]
        outcome.seconds = time.monotonic() - begun
        outcome.processors = since(before, self.crowd.place.processors.read())
        return outcome

    def _live(self, each: Arriving, outcome: Outcome, begun: float) -> str:
        with self._lock:
            self.late.append(time.monotonic() - begun - each.at)
        return self.crowd.try_one(self.lives[each.has_document], outcome.spans)


def measure(place: Place, arrivals: Arrivals, asked: argparse.Namespace) -> int:
    """How many things went wrong."""
    seconds = asked.minutes * 60
    day = plan_day(asked.verifications, seconds=seconds, share=asked.share)
    lives: dict[bool, Life] = {
        True: partial(prove_by_photo, photo=make_photo()),
        False: partial(prove_by_code, arrivals=arrivals),
    }
    with closing(Crowd(place, at_once=asked.at_once)) as crowd, Watch(place.figures) as watch:
        run = Day(crowd, lives)
        outcome = run.run(day)
        took, waiting = await_empty(place.figures, within=_EMPTY_WITHIN)
    tell_day(day, seconds=seconds)
    tell_outcome(outcome, run.late, watch)
    tell_end(took, waiting)
    print_failures([*outcome.failures, *watch.failures])
    return len(outcome.failures) + len(watch.failures) + len(waiting)


def tell_day(day: Sequence[Arriving], *, seconds: float) -> None:
    documents, faster = sum(each.has_document for each in day), 86_400 / seconds
    fullest = find_fullest_hour(day, seconds=seconds)
    a_second = fullest / (seconds / 24)
    print(f"  {len(day):,} verifications of a day that passed in {seconds / 60:.1f} minutes, {faster:.0f} × as fast")
    print(f"  the mix: {documents:,} with a photo, three views, a decision; {len(day) - documents:,} by a code alone")
    print(f"  the fullest hour: {fullest:,}, or {a_second:.2f} a second here; {os.cpu_count()} cores")


def tell_outcome(outcome: Outcome, late: Sequence[float], watch: Watch) -> None:
    behind, worst = sum(each > _LATE for each in late), max(late)
    print(
        f"  begun more than {_LATE:.0f} s late: {behind:,}; p99 {percentile(late, 0.99):.1f} s, at most {worst:.1f} s"
    )
    print_spans(outcome.spans)
    print_processors([outcome])
    print("    most that was seen waiting during the day (seconds, or how many):")
    for name, value in sorted(watch.highest.items(), key=lambda seen: -seen[1]):
        if value:
            print(f"    {name:<30} {value:8.1f}")


def tell_end(took: float, waiting: Mapping[str, float]) -> None:
    print(f"  the last verification ended; {took:.0f} s later waited: {dict(waiting) or 'nothing'}")


def main() -> int:
    end_in_order()
    parser = argparse.ArgumentParser(description="A peak ten times the busiest desk.")
    parser.add_argument("verifications", type=int, nargs="?", default=7_000, help="of the whole day")
    parser.add_argument("--minutes", type=float, default=20.0, help="for which the day lasts")
    parser.add_argument("--share", type=float, default=0.05, help="of those who prove by a document")
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--form", choices=_OPEN, default="embedded")
    asked = parser.parse_args()
    missing = find_missing() if asked.form == "stack" else ""
    if missing:
        print(f"{asked.form}: not measured; {missing}")
        return 0
    print(f"{asked.form}:")
    with open_letters() as (arrivals, settings), _OPEN[asked.form](**settings) as place:
        return 1 if measure(place, arrivals, asked) else 0


if __name__ == "__main__":
    raise SystemExit(main())

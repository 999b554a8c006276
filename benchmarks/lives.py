"""Whole verifications a second, where the time goes, and how soon after the decision everything is gone.

Run as `python -m benchmarks.lives [VERIFICATIONS] [--rounds N] [--at-once N] [--form embedded|stack]`: on the embedded
form (`verifier serve`), then on the stack (as `make stack` starts it), then there with its broker stopped. Each life
is: link, open, one 12-megapixel photo, checking, three watermarked views, decision, gone, receipts. Beside it, in the
same run: what the image work of one life costs alone, in one process. Ends with 1 where a life fails; without a broker
that is also one whose documents are not gone within two sweep intervals.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import partial
from typing import Final

from benchmarks.checking import check_in_process, make_photo
from benchmarks.crowd import Crowd, Life, join_spans, print_failures, print_processors, print_rest, print_spans
from benchmarks.life import PATIENCE, VIEWS, Spans, prove_by_photo
from benchmarks.places import Place, end_in_order, find_missing, open_embedded, open_stack
from verifier.sanitise.watermark import watermark
from verifier.settings import Settings

FORMS: Final[dict[str, Callable[[], AbstractContextManager[Place]]]] = {"embedded": open_embedded, "stack": open_stack}
_AIM: Final = 10.0
_PROMISED: Final = {"unreadable": 5, "destroyed": 60}
_TWO_SWEEPS: Final = 2 * Settings().sweep_every.total_seconds()


def measure_image_work(photo: bytes) -> float:
    """Seconds that one life's image work takes alone: one check and three watermarks."""
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        jpeg = check_in_process(photo)
        for _ in range(VIEWS):
            watermark(jpeg, "BENCH-1 · somebody · 2026-01-01 00:00 UTC")
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def make_lives(photo: bytes, *, count: int, gone_within: float = PATIENCE) -> list[Life]:
    return [partial(prove_by_photo, photo=photo, gone_within=gone_within)] * count


def measure(place: Place, photo: bytes, *, asked: argparse.Namespace, gone_within: float = PATIENCE) -> list[str]:
    """Some rounds, after two lives that nobody counts; which failed."""
    with closing(Crowd(place, at_once=asked.at_once)) as crowd:
        failures = crowd.live(make_lives(photo, count=2)).failures
        lives = make_lives(photo, count=asked.verifications, gone_within=gone_within)
        outcomes = [crowd.live(lives) for _ in range(asked.rounds)]
    failures += [failure for outcome in outcomes for failure in outcome.failures]
    rates = [outcome.rate for outcome in outcomes]
    print(
        f"  {statistics.median(rates):.2f} whole verifications a second, {asked.at_once} at once "
        f"({asked.rounds} rounds of {asked.verifications}: {min(rates):.2f} to {max(rates):.2f}; aim {_AIM:.0f})"
    )
    spans = join_spans(outcomes)
    print_spans(spans)
    print_promised(spans)
    print_processors(outcomes)
    print_rest(place)
    print_failures(failures)
    return failures


def print_promised(spans: Spans) -> None:
    """The two figures that are promised, beside the promise."""
    for end, promised in _PROMISED.items():
        took = spans.took.get(f"decision to {end}")
        if took:
            print(f"    from the decision to {end}: all within {max(took) / 1000:.2f} s; promised: {promised} s")


def measure_form(form: str, photo: bytes, *, asked: argparse.Namespace) -> list[str]:
    with FORMS[form]() as place:
        print(f"{form}:")
        failures = measure(place, photo, asked=asked)
        if place.stop_broker is not None:
            place.stop_broker()
            print(f"{form}, its broker stopped (each life gone within {_TWO_SWEEPS:.0f} s):")
            failures += measure(place, photo, asked=asked, gone_within=_TWO_SWEEPS)
    return failures


def main() -> int:
    end_in_order()
    parser = argparse.ArgumentParser(description="Whole verifications a second.")
    parser.add_argument("verifications", type=int, nargs="?", default=60, help="in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--form", choices=FORMS, action="append", help="only this one; both where none is named")
    asked = parser.parse_args()
    photo, failures = make_photo(), list[str]()
    alone, cores = measure_image_work(photo), os.cpu_count() or 1
    print(f"image work alone: {alone * 1000:.0f} ms a life, so at most {cores / alone:.2f} a second on {cores} cores")
    for form in asked.form or FORMS:
        missing = find_missing() if form == "stack" else ""
        if missing:
            print(f"{form}: not measured; {missing}")
        else:
            failures += measure_form(form, photo, asked=asked)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())

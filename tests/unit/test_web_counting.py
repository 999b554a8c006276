"""Counts of a sliding window, kept without a thread of their own."""

import threading

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.strategies import SlidingWindowCounterRateLimiter

from verifier.web.counting import Counts


def test_of_many_at_once_no_more_than_the_limit_pass() -> None:
    limiter = SlidingWindowCounterRateLimiter(Counts())
    passed: list[bool] = []

    def knock() -> None:
        passed.extend(limiter.hit(RateLimitItemPerMinute(50), "a") for _ in range(20))

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(passed) <= 50
    assert limiter.hit(RateLimitItemPerMinute(50), "b")


def test_what_is_over_is_forgotten_in_passing() -> None:
    counts = Counts()
    for number in range(100):
        counts.incr(f"old-{number}", expiry=-1)
    counts.incr("new", expiry=60)
    counts._forget_at = 0

    counts.incr("new", expiry=60)

    assert dict(counts.storage) == {"new": 2}
    assert counts.get("old-1") == 0


def test_no_thread_is_left_running() -> None:
    limiter = SlidingWindowCounterRateLimiter(Counts())
    before = {thread.ident for thread in threading.enumerate()}

    for _ in range(200):
        limiter.hit(RateLimitItemPerSecond(1000), "a")

    assert {thread.ident for thread in threading.enumerate()} <= before

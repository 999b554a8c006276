"""The fence around a writer, by a clock that the test moves."""

import pytest

from verifier.evidence.errors import UploadTooSlowError
from verifier.evidence.fence import Fence


class _Steady:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_writer_that_keeps_writing_keeps_its_fence_open() -> None:
    steady, drawn = _Steady(), list[float]()
    fence = Fence(lambda: drawn.append(steady.now), drawn_at=100.0, steady_clock=steady)
    for _ in range(20):
        steady.now += 4
        fence.keep_open()
    assert drawn == [108.0 + 8 * step for step in range(10)]


def test_a_writer_that_paused_too_long_stops_by_itself_before_the_fence_ends() -> None:
    steady = _Steady()
    fence = Fence(lambda: None, drawn_at=100.0, steady_clock=steady)
    steady.now += 15.9
    fence.verify_open()
    steady.now += 0.2
    with pytest.raises(UploadTooSlowError):
        fence.verify_open()
    with pytest.raises(UploadTooSlowError):
        fence.keep_open()


def test_a_pause_between_the_row_and_the_first_byte_counts() -> None:
    steady = _Steady()
    steady.now += 60
    with pytest.raises(UploadTooSlowError):
        Fence(lambda: None, drawn_at=100.0, steady_clock=steady).verify_open()

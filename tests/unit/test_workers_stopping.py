"""A worker ends when it is asked to, at whatever moment that is."""

import faulthandler
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from verifier.wiring import House, open_workshop
from workers.embedded import EmbeddedWorker

_HANGS_AFTER = 60.0


@pytest.fixture
def worker(house: House) -> Iterator[EmbeddedWorker]:
    workshop = open_workshop(house)
    yield EmbeddedWorker(workshop, [])
    workshop.close()


@pytest.fixture
def each_line_is_interrupted(worker: EmbeddedWorker) -> Iterator[list[int]]:
    """From the wait on, the signal comes before every line that the main thread runs; the lines that it came before."""
    lines: list[int] = []

    def ask(_signal: int, _frame: FrameType | None) -> None:
        sys.settrace(None)  # the handler itself is not interrupted
        worker.ask_to_stop()
        sys.settrace(follow)

    def interrupt(frame: FrameType, event: str, _given: Any) -> Any:
        if event == "line":
            lines.append(frame.f_lineno)
            signal.raise_signal(signal.SIGUSR1)
        return interrupt

    def follow(frame: FrameType, _event: str, _given: Any) -> Any:
        return interrupt if frame.f_code.co_name == "wait" else None

    before = signal.signal(signal.SIGUSR1, ask)
    faulthandler.dump_traceback_later(_HANGS_AFTER, exit=True)  # whoever waits for a lock of their own waits for ever
    sys.settrace(follow)
    yield lines
    sys.settrace(None)
    faulthandler.cancel_dump_traceback_later()
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_that_comes_while_it_begins_to_wait_ends_the_wait(
    worker: EmbeddedWorker, each_line_is_interrupted: list[int]
) -> None:
    worker.wait()
    assert each_line_is_interrupted
    worker.stop()

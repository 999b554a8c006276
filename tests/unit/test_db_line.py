"""Processes stand in line before they write: in order, and past nobody who waits."""

import fcntl
import threading
from pathlib import Path

import pytest

from verifier.db.line import Line


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "verifier.sqlite"


def test_whoever_has_just_written_does_not_come_before_who_waits(file: Path) -> None:
    first, second, order = Line(file), Line(file), list[str]()

    def write_again_and_again() -> None:
        for _ in range(20):
            first.wait()
            order.append("first")
            first.leave()

    def write_once() -> None:
        second.wait()
        order.append("second")
        second.leave()

    first.wait()
    waiting = threading.Thread(target=write_once)
    waiting.start()
    while not _is_waited_for(file):
        assert waiting.is_alive()
    first.leave()
    write_again_and_again()
    waiting.join(10)
    assert order.index("second") <= 1, "at most one who was there at the same moment came before"


def _is_waited_for(file: Path) -> bool:
    """Whether somebody holds the second place."""
    with file.with_name("writes-next").open() as next_:
        try:
            fcntl.flock(next_, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_process_that_keeps_its_turn_for_ever_is_waited_for_no_longer_than_its_file_would_be(file: Path) -> None:
    stopped, other = Line(file), Line(file, patience=0.2)
    stopped.wait()
    other.wait()
    other.leave()
    stopped.leave()
    stopped.wait()


def test_the_place_of_whoever_is_gone_is_free(file: Path) -> None:
    Line(file).wait()
    other = Line(file, patience=600)
    other.wait()

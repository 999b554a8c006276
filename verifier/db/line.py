"""The line of the processes that write to one file of SQLite.

SQLite lets a process that finds the file locked sleep and look again, for up to 100 ms a look: under load a worker and
the web then wait for each other most of the time, and whoever writes much keeps the other out. Here they stand in line
instead: who waits next is looked for every millisecond, and whoever has just written goes to the end.

Guarantees: whoever stands in line is let in before anybody who comes after the first one in it; the place of a process
that dies is free at once. It is a courtesy only: SQLite's own lock keeps writers apart, and after `PATIENCE_SECONDS` a
process goes on to that.
"""

import fcntl
import os
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final

PATIENCE_SECONDS: Final = 5.0
_LOOK_EVERY_SECONDS: Final = 0.001


class Line:
    """This process's way into the line beside a database file. Not for two threads at once."""

    def __init__(self, database: Path, *, patience: float = PATIENCE_SECONDS) -> None:
        self._patience: Final = patience
        self._writing: Final = _open(database.with_name("writing"))
        self._next: Final = _open(database.with_name("writes-next"))
        for descriptor in (self._writing, self._next):
            weakref.finalize(self, os.close, descriptor)

    def wait(self) -> None:
        """Return when it is this process's turn, which it keeps until it leaves."""
        ends_at = time.monotonic() + self._patience
        # Whoever waits to write holds the second place, so that nobody comes past it.
        if _take(self._next, ends_at):
            _take(self._writing, ends_at)
            fcntl.flock(self._next, fcntl.LOCK_UN)

    def leave(self) -> None:
        """Let the next one in."""
        fcntl.flock(self._writing, fcntl.LOCK_UN)


def _take(descriptor: int, ends_at: float) -> bool:
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= ends_at:
            return False
        time.sleep(_LOOK_EVERY_SECONDS)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

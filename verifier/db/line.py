"""The line of the processes that write to one file of SQLite.

SQLite lets a process that finds the file locked sleep and look again, for up to 100 ms a look: under load a worker and
the web then wait for each other most of the time, and whoever writes much keeps the other out. Here they stand in line
instead: the one in the second place looks every millisecond.

Guarantees: nobody is let in before whoever has the second place, who has just written least of all; those behind it
come in no order. The place of a process that dies is free at once. It is a courtesy only: SQLite's own lock keeps
writers apart. Where somebody is stopped in the line, a process waits `PATIENCE_SECONDS` once, and goes past it from
then on, until it is found free again.
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
        self._is_held_up = False
        self._writing: Final = _open_beside(database, "writing")
        self._next: Final = _open_beside(database, "writes-next")
        for descriptor in (self._writing, self._next):
            weakref.finalize(self, os.close, descriptor)

    def wait(self) -> None:
        """Return when it is this process's turn, which it keeps until it leaves."""
        ends_at = time.monotonic() + (0 if self._is_held_up else self._patience)
        self._is_held_up = True
        # Whoever waits to write holds the second place, so that nobody comes past it.
        try:
            if _take(self._next, ends_at):
                self._is_held_up = not _take(self._writing, ends_at)
        finally:
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


def _open_beside(database: Path, name: str) -> int:
    descriptor = os.open(database.with_name(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:  # made by an operator's command: it is the service's all the same
        owner = database.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor

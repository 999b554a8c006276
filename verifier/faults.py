"""Named fault points: places where a test may kill the process, to prove that nothing lingers or is lost.

Inert unless armed by `VERIFIER_FAULT=<point>[:<n>]`, which kills the process with SIGKILL at the n-th passage
(the first by default). A point that is not listed in `POINTS` cannot be reached or armed.
"""

import os
import signal
import threading
from typing import Final

from verifier.errors import ConfigurationError

POINTS: Final = frozenset(
    {
        # create
        "create.key_recorded",
        "create.committed",
        # upload
        "upload.begun",
        "upload.first_bytes",
        "upload.stored",
        "upload.closed",
        "submit.committed",
        # check
        "check.leased",
        "check.decoded",
        "check.page_stored",
        "check.pages_closed",
        "check.original_deleted",
        "check.closed",
        # decide
        "view.logged",
        "decide.before_commit",
        "decide.committed",
        # dispose
        "dispose.leased",
        "shred.marked",
        "shred.key_deleted",
        "shred.committed",
        "dispose.marked",
        "dispose.copy_deleted",
        "dispose.looked",
        "dispose.committed",
        # sequence
        "sequence.hashed",
        "sequence.committed",
        "sequence.tiles_published",
        "sequence.published",
    }
)


class _Armed:
    def __init__(self, spec: str) -> None:
        point, _, count = spec.partition(":")
        if point and point not in POINTS:
            raise ConfigurationError(f"VERIFIER_FAULT names {point!r}, which is no fault point. Unset it.")
        self.point = point
        self._left = int(count or "1")
        self._lock = threading.Lock()

    def passes(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


_armed: _Armed | None = None


def arm(spec: str) -> None:
    """Arm one point for this process; an empty `spec` disarms. Called once, at start, by the doors."""
    global _armed  # noqa: PLW0603 -- one process, one armed point; read on every passage and so kept cheap
    _armed = _Armed(spec) if spec else None


def hit(point: str) -> None:
    """Die here if a test armed this point; otherwise do nothing."""
    if _armed is not None and _armed.point == point:
        _armed.passes()

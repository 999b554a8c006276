"""Named fault points: places where a test may kill the process, to prove that nothing lingers or is lost.

Inert unless `VERIFIER_FAULT_FUSE` names a file that says `<point>[:<n>]`: then the process is killed with SIGKILL at the
n-th passage (the first by default), and the file is gone. A point that is not listed in `POINTS` cannot be armed.
"""

import os
import signal
import threading
from pathlib import Path
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
    def __init__(self, spec: str, *, fuse: Path) -> None:
        point, _, count = spec.strip().partition(":")
        if point not in POINTS:
            raise ConfigurationError(f"VERIFIER_FAULT_FUSE names {point!r}, which is no fault point. Unset it.")
        self.point: Final = point
        self._fuse: Final = fuse
        self._left = int(count or "1")
        self._lock: Final = threading.Lock()

    def passes(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._fuse.unlink(missing_ok=True)  # it blows once: the process that is restarted lives
                os.kill(os.getpid(), signal.SIGKILL)


_armed: _Armed | None = None


def arm_from_environment() -> None:
    """Arm what the fuse names, if there is one. Called once, at start, by the doors."""
    global _armed  # noqa: PLW0603 -- one process, one armed point; read on every passage and so kept cheap
    path = os.environ.get("VERIFIER_FAULT_FUSE")
    fuse = None if path is None else Path(path)
    _armed = _Armed(fuse.read_text(), fuse=fuse) if fuse is not None and fuse.is_file() else None


def hit(point: str) -> None:
    """Die here if a test armed this point; otherwise do nothing."""
    if _armed is not None and _armed.point == point:
        _armed.passes()

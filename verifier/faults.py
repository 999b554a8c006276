"""Named fault points: places where a test may kill the process, to prove that nothing lingers or is lost.

Inert unless `VERIFIER_FAULT_FUSE` is set when the process starts. Once the file that it names says `<point>[:<n>]`, the
process is killed with SIGKILL at the n-th passage (the first by default), and the file is gone. A point that is not
listed in `POINTS`, `OF_COMMANDS` or `OF_MAILBOXES` cannot be armed.
"""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from verifier.errors import ConfigurationError

POINTS: Final = frozenset(
    {
        # create
        "create.key_recorded",
        "create.committed",
        "renew.before_commit",
        # upload
        "upload.begun",
        "upload.first_bytes",
        "upload.stored",
        "upload.closed",
        "submit.committed",
        # prove
        "proof.before_commit",
        "proof.chosen",
        "details.before_commit",
        "details.kept",
        # check
        "check.leased",
        "check.decoded",
        "check.page_stored",
        "check.pages_closed",
        "check.original_deleted",
        "check.closed",
        # judge
        "submission.stored",
        "judge.leased",
        "judge.opened",
        "judge.looked",
        "code.issued",
        "other.told",
        "judge.before_commit",
        "judge.closed",
        "exit.used",
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
        # notify
        "notice.leased",
        "notice.sent",
        "notice.closed",
        # sequence
        "sequence.hashed",
        "sequence.committed",
        "sequence.tiles_published",
        "sequence.published",
    }
)

OF_COMMANDS: Final = frozenset({"anew.rows_changed", "anew.key_changed"})
"""Points that only an operator's command passes: no story comes by them."""

OF_MAILBOXES: Final = frozenset({"collect.committed"})
"""Points that only an installation with a mailbox passes; those of the stories have none."""

_KNOWN: Final = POINTS | OF_COMMANDS | OF_MAILBOXES


class _Fuse:
    """A file that may be written while the process runs; read at every passage, for only tests have one."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._lock: Final = threading.Lock()
        self._spec = ""
        self._passed = 0

    def verify(self) -> None:
        """Raise `ConfigurationError` if it names what is no fault point."""
        point = self._read().partition(":")[0]
        if point and point not in _KNOWN:
            raise ConfigurationError(f"VERIFIER_FAULT_FUSE names {point!r}, which is no fault point. Unset it.")

    def pass_point(self, point: str) -> None:
        with self._lock:
            spec = self._read()
            if spec != self._spec:
                self._spec, self._passed = spec, 0
            name, _, count = spec.partition(":")
            if name != point:
                return
            self._passed += 1
            if self._passed == int(count or "1"):
                self._blow()

    def _read(self) -> str:
        with suppress(FileNotFoundError):
            return self._path.read_text(encoding="utf-8").strip()
        return ""

    def _blow(self) -> None:
        # Whoever removes the file dies, and nobody else: of two processes at one point, and of those that come after.
        with suppress(FileNotFoundError):
            self._path.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


_fuse: _Fuse | None = None


def arm_from_environment() -> None:
    """Watch the fuse that the environment names, if it names one. Called once, at start, by the doors."""
    global _fuse  # noqa: PLW0603 -- one process, one fuse; looked at on every passage and so kept cheap
    path = os.environ.get("VERIFIER_FAULT_FUSE")
    _fuse = None if path is None else _Fuse(Path(path))
    if _fuse is not None:
        _fuse.verify()


def hit(point: str) -> None:
    """Die here if a test armed this point; otherwise do nothing."""
    if _fuse is not None:
        _fuse.pass_point(point)

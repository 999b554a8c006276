"""What the probe child tries from inside the jail: everything that a taken-over decoder would try first.

Runs as a parent of its own, `python -m verifier.sanitise.attempts`, whose job is these attempts instead of decoding.
Each attempt leaves nothing behind where it succeeds.
"""

import contextlib
import ctypes
import mmap
import os
import socket
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from verifier.sanitise.sheets import Sheets
from verifier.sanitise.wire import Request

_PTRACE_TRACEME: Final = 0
_DISCARD_PORT: Final = 9


class Attempt(StrEnum):
    """One thing that a child must not be able to do. The order is the wire's numbering."""

    READ_FILE = "read_file"
    WRITE_FILE = "write_file"
    CONNECT = "connect"
    TRACE = "trace"
    FORK = "fork"
    SIGNAL_PARENT = "signal_parent"
    MAKE_CODE = "make_code"
    EXECUTE = "execute"


def attempt_everything(document: bytes, _request: Request, sheets: Sheets) -> None:
    """Try it all; `document` is the path of the file to read. `EXECUTE` comes last: it leaves nobody to report."""
    bits = 0
    for index, attempt in enumerate(Attempt):
        if attempt is Attempt.EXECUTE:
            sheets.report_probe(bits)
        with contextlib.suppress(OSError):
            _TRIES[attempt](document)
            bits |= 1 << index
    sheets.report_probe(bits)


def _read_file(path: bytes) -> None:
    Path(os.fsdecode(path)).read_bytes()


def _write_file(_path: bytes) -> None:
    target = Path(_TEMPORARY, f"verifier-probe-{os.getpid()}")
    target.touch()
    target.unlink()


def _connect(_path: bytes) -> None:
    """Reaching a closed port counts: it was the port that refused, not the jail."""
    with socket.socket() as out, contextlib.suppress(ConnectionRefusedError):
        out.connect(("127.0.0.1", _DISCARD_PORT))


def _trace(_path: bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(_PTRACE_TRACEME, 0, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _fork(_path: bytes) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _signal_parent(_path: bytes) -> None:
    os.kill(os.getppid(), 0)


def _make_code(_path: bytes) -> None:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def _execute(_path: bytes) -> None:
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", ""])  # noqa: S606 -- our own interpreter, which does nothing


_TRIES: Final[Mapping[Attempt, Callable[[bytes], None]]] = {
    Attempt.READ_FILE: _read_file,
    Attempt.WRITE_FILE: _write_file,
    Attempt.CONNECT: _connect,
    Attempt.TRACE: _trace,
    Attempt.FORK: _fork,
    Attempt.SIGNAL_PARENT: _signal_parent,
    Attempt.MAKE_CODE: _make_code,
    Attempt.EXECUTE: _execute,
}
_TEMPORARY: Final = "/tmp"  # noqa: S108 -- the folder that a process would most likely be able to write to


def main() -> None:
    """Serve probe children, with what they use loaded beforehand."""
    from verifier.sanitise.parent import serve

    serve(attempt_everything)


if __name__ == "__main__":
    main()

"""A process that holds keys or documents leaves no core file and lets nobody trace it.

Called once at start by every such process (web, worker, decoder). Root on the same machine is not kept out by this.
"""

import ctypes
import os
import resource
import signal
from typing import Final

STARTED_BY: Final = "VERIFIER_STARTED_BY"
"""The variable in which a process that starts another leaves its own id."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4


def prctl(option: int, argument: int) -> None:
    """The system call prctl(2) with one argument; raise `OSError` if the kernel declines."""
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(option, ctypes.c_ulong(argument), zero, zero, zero) == -1:  # what asks is answered with a number
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def harden_process() -> None:
    """From now on no core file, and no ptrace or /proc/<pid>/mem for others of the same user (PR_SET_DUMPABLE)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl(_PR_SET_DUMPABLE, 0)


def end_with_parent() -> None:
    """From now on this process gets SIGTERM when the one that started it dies; at once, if that has died already."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # The kernel tells only of deaths from here on. A parent that died while we were starting left us to another.
    parent = os.getppid()
    if int(os.environ.get(STARTED_BY, parent)) != parent:
        os.kill(os.getpid(), signal.SIGTERM)

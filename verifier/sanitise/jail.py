"""What a child that reads untrusted bytes may still do: compute, and talk over the channel that it was given.

`prepare` runs in the warm parent and reads what the kernel offers; `enter` runs in the child, before the first
untrusted byte. A mechanism that the kernel doesn't have is left out and missing in what `enter` returns, for the probe
to report; one that it has and that fails raises, and the child ends without having read anything.
"""

import ctypes
import errno
import math
import mmap
import os
import resource
import signal
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from verifier.sanitise.hardening import harden_process, prctl
from verifier.sanitise.landlock import forbid_files, probe_landlock
from verifier.sanitise.pages import Limits

_PR_SET_PDEATHSIG: Final = 1
_PR_GET_SECCOMP: Final = 21
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x20080522
_DESCRIPTORS: Final = 16

# All that decoding needs: memory, clocks, its own end, and messages over descriptors that it already has. There is no
# way to get a descriptor of a file, a socket or a process from these.
_ALLOWED: Final = (
    "brk", "clock_gettime", "close", "exit", "exit_group", "fstat", "futex", "getpid", "getrandom", "gettid",
    "gettimeofday", "lseek", "madvise", "mremap", "munmap", "pread64", "recvmsg", "restart_syscall",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield", "sendmsg", "sendto",
    "sigaltstack",
)  # fmt: skip
_F_DUPFD_CLOEXEC: Final = 1030


class Mechanism(StrEnum):
    """One wall of the jail. The order is the wire's numbering."""

    LANDLOCK = "landlock"
    SECCOMP = "seccomp"
    RLIMITS = "rlimits"
    NO_CAPABILITIES = "no_capabilities"
    NOT_DUMPABLE = "not_dumpable"


def pack_mechanisms(mechanisms: frozenset[Mechanism]) -> int:
    """The walls as bits, for the wire."""
    return sum(1 << index for index, mechanism in enumerate(Mechanism) if mechanism in mechanisms)


def parse_mechanisms(bits: int) -> tuple[Mechanism, ...]:
    """The walls in `bits`."""
    return tuple(mechanism for index, mechanism in enumerate(Mechanism) if bits >> index & 1)


@dataclass(frozen=True)
class Jail:
    """What this kernel offers. Made once by the parent, entered by each child."""

    landlock: int
    seccomp: Any  # pyseccomp has no types
    parent: int
    """The process that forks the children."""

    def enter(self, limits: Limits) -> frozenset[Mechanism]:
        """Close this process in, for ever; return the walls that stand. Raise `OSError` if one of them fails."""
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.parent:  # the kernel tells only of deaths from here on
            raise ProcessLookupError(self.parent)
        harden_process()
        prctl(_PR_SET_NO_NEW_PRIVS, 1)
        walls = {Mechanism.NOT_DUMPABLE, Mechanism.RLIMITS, Mechanism.NO_CAPABILITIES}
        _limit_resources(limits)
        _drop_capabilities()
        if self.landlock:
            forbid_files(self.landlock)
            walls.add(Mechanism.LANDLOCK)
        if self.seccomp is not None:
            self.seccomp.load()
            walls.add(Mechanism.SECCOMP)
        return frozenset(walls)


def prepare() -> Jail:
    """Look at what the kernel offers and compile the filter, so that a child only has to load it."""
    filter_ = _compile_filter() if _has_seccomp() else None
    return Jail(landlock=probe_landlock(), seccomp=filter_, parent=os.getpid())


def _has_seccomp() -> bool:
    try:
        prctl(_PR_GET_SECCOMP, 0)
    except OSError as error:
        if error.errno == errno.EINVAL:  # seccomp(2): the kernel was built without it
            return False
        raise
    return True


def _compile_filter() -> Any:  # noqa: ANN401 -- pyseccomp has no types
    import pyseccomp as seccomp

    # A call that is not allowed fails like one without permission, so a library that merely asks goes on without.
    rules = seccomp.SyscallFilter(defaction=seccomp.ERRNO(errno.EPERM))
    for name in _ALLOWED:
        rules.add_rule(seccomp.ALLOW, name)
    for name in ("mmap", "mprotect"):  # memory, but no new code
        rules.add_rule(seccomp.ALLOW, name, seccomp.Arg(2, seccomp.MASKED_EQ, mmap.PROT_EXEC, 0))
    rules.add_rule(seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, _F_DUPFD_CLOEXEC))  # Python's mmap does it
    return rules


def _limit_resources(limits: Limits) -> None:
    baseline = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    cpu = math.ceil(limits.wall_seconds) + 1  # the caller's clock comes first; this one holds if the caller sleeps
    for kind, most in (
        (resource.RLIMIT_AS, baseline + limits.memory_bytes),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _drop_capabilities() -> None:
    """Give up what root could do, where the child runs as root (capset(2))."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

"""Landlock, as far as we need it: nothing of the file system, no TCP, no signals or sockets out, without exception.

`linux/landlock.h`; the numbers of the system calls are the same on every architecture. The C library has no wrapper.
"""

import ctypes
import os
from typing import Final

_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_CREATE_RULESET_VERSION: Final = 1

# How many rights on files each version of the interface knows: bits 0 to n-1. A kernel refuses bits it doesn't know.
_FS_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_FS_RIGHTS_SINCE_5: Final = 16
_NET_SINCE: Final = 4  # bind and connect over TCP
_SCOPED_SINCE: Final = 6  # abstract Unix sockets and signals


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def _syscall(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def probe_landlock() -> int:
    """The version of Landlock's interface that this kernel offers; 0 where there is none."""
    try:
        return _syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_CREATE_RULESET_VERSION))
    except OSError:
        return 0


def forbid_files(version: int) -> None:
    """Take from this process, for ever, every right that `version` can name. Needs PR_SET_NO_NEW_PRIVS."""
    attr = _RulesetAttr(handled_access_fs=(1 << _FS_RIGHTS.get(version, _FS_RIGHTS_SINCE_5)) - 1)
    size = 8
    if version >= _NET_SINCE:
        attr.handled_access_net, size = 0b11, 16
    if version >= _SCOPED_SINCE:
        attr.scoped, size = 0b11, 24
    ruleset = _syscall(_CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        _syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)

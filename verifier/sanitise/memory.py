"""Memory that can be handed to another process: made here, of a size that nobody can change afterwards.

Never a file: these pages have no name, and are gone with the last descriptor and mapping. Whoever makes one closes it.
"""

import fcntl
import mmap
import os
from typing import Final

Buffer = bytes | bytearray | memoryview

_SIZE_IS_FINAL: Final = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def make_document(data: Buffer) -> int:
    """A descriptor of memory that holds `data`, which nobody can write to."""
    descriptor = _make("document")
    try:
        with memoryview(data).cast("B") as rest:
            written = 0
            while written < len(rest):
                written += os.write(descriptor, rest[written:])
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SIZE_IS_FINAL | fcntl.F_SEAL_WRITE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def make_sheet(size: int) -> int:
    """A descriptor of `size` bytes of memory for another process to draw on."""
    descriptor = _make("sheet")
    try:
        os.posix_fallocate(descriptor, 0, size)  # every page now, and not by a fault for each while somebody waits
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SIZE_IS_FINAL)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def map_sheet(descriptor: int, size: int) -> memoryview:
    """The sheet, to read. Stays until the view is forgotten, whatever becomes of the descriptor."""
    return memoryview(mmap.mmap(descriptor, size, mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ))


def _make(name: str) -> int:
    return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)

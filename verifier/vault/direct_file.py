"""A new file that is written past the page cache (`O_DIRECT`, open(2)), for bytes that nobody reads soon.

A sealed upload is written once, synced, and opened at most once. In the cache it would only push out what others read,
and filling the cache costs more processor time than sealing does (`benchmarks/uploads.py`).

Guarantees: after `sync` the file has exactly the bytes that were written, and they are on the medium. Where the file
system cannot write so, it is written as any other file. Leaves to others: the file's name.
"""

import errno
import fcntl
import mmap
import os
import threading
from collections.abc import Callable
from functools import partial
from io import FileIO
from typing import Final

_BLOCK_BYTES: Final = 4096  # no medium asks for more; memory, offset and length must all be whole blocks
_BUFFER_BYTES: Final = 1088 * 1024
MOST_AT_ONCE: Final = _BUFFER_BYTES - _BLOCK_BYTES
"""How many bytes `fill` can be asked to make room for; what is left of the last write waits before them."""
_REFUSED: Final = frozenset({errno.EINVAL, errno.EOPNOTSUPP})


class _Buffer(threading.local):
    """Aligned memory, one piece a thread: a write fills and empties it before it returns."""

    def __init__(self) -> None:
        self.view: Final = memoryview(mmap.mmap(-1, _BUFFER_BYTES))


_buffer: Final = _Buffer()


class DirectFile:
    """Owns the descriptor of a new, empty file. `write` any number of times, `sync` once, `close`."""

    def __init__(self, descriptor: int) -> None:
        self._file: Final = FileIO(descriptor, "w")  # closes it too where an upload is lost
        self._rest = b""
        self._length = 0
        self._set_direct(wanted=True)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write all whole blocks that there are; what is left waits for the next write. Raises `OSError`"""
        with memoryview(data) as view:
            for start in range(0, len(view), MOST_AT_ONCE):
                piece = view[start : start + MOST_AT_ONCE]
                self.fill(len(piece), partial(_copy, piece))

    def fill(self, most: int, put: Callable[[memoryview], int]) -> None:
        """Write what `put` puts into memory of `most` bytes, at most `MOST_AT_ONCE`; it says how many it put there.

        Raises `OSError`, and what `put` raises: then nothing was written.
        """
        waiting, buffer = len(self._rest), _buffer.view
        added = put(buffer[waiting : waiting + most])
        buffer[:waiting] = self._rest
        self._length += added
        whole = (waiting + added) // _BLOCK_BYTES * _BLOCK_BYTES
        self._write_blocks(buffer[:whole])
        self._rest = bytes(buffer[whole : waiting + added])

    def sync(self) -> None:
        """Write the rest, and see all of it onto the medium. Raises `OSError`"""
        if self._rest:
            _buffer.view[:_BLOCK_BYTES] = self._rest.ljust(_BLOCK_BYTES, b"\0")
            self._rest = b""
            self._write_blocks(_buffer.view[:_BLOCK_BYTES])
            self._file.truncate(self._length)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    def _write_blocks(self, blocks: memoryview) -> None:
        written = 0
        while written < len(blocks):
            written += self._write_once(blocks[written:])

    def _write_once(self, blocks: memoryview) -> int:
        try:
            return self._file.write(blocks)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            self._set_direct(wanted=False)  # some file systems say so only here
            return self._file.write(blocks)

    def _set_direct(self, *, wanted: bool) -> None:
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        try:
            fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise


def _copy(piece: memoryview, room: memoryview) -> int:
    room[:] = piece
    return len(piece)

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
from io import FileIO
from typing import Final

_BLOCK_BYTES: Final = 4096  # no medium asks for more; memory, offset and length must all be whole blocks
_BUFFER_BYTES: Final = 512 * 1024
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
            self._length += len(view)
            start = 0
            while len(self._rest) + len(view) - start >= _BLOCK_BYTES:
                start += self._write_blocks(view[start:])
            self._rest += view[start:]

    def sync(self) -> None:
        """Write the rest, and see all of it onto the medium. Raises `OSError`"""
        if self._rest:
            last, self._rest = self._rest.ljust(_BLOCK_BYTES, b"\0"), b""
            self._write_blocks(memoryview(last))
            self._file.truncate(self._length)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    def _write_blocks(self, view: memoryview) -> int:
        """Write what waits and whole blocks of `view`; how many of its bytes were taken."""
        waiting, buffer = len(self._rest), _buffer.view
        blocks = min(waiting + len(view), _BUFFER_BYTES) // _BLOCK_BYTES * _BLOCK_BYTES
        taken = blocks - waiting
        buffer[:waiting] = self._rest
        buffer[waiting:blocks] = view[:taken]
        self._rest = b""
        written = 0
        while written < blocks:
            written += self._write_once(buffer[written:blocks])
        return taken

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

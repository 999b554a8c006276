"""Sealed bytes that wait to be sent to S3 in one piece: a PUT must say its length before its first byte.

All uploads of the process together keep `_MEMORY_BYTES` in memory; what does not fit waits in a file without a name in
the spool folder, which is gone with the process. What waits is ciphertext, as it will lie in the store.

Guarantees: memory is bounded however many upload at once; a body that is not sent in time stops being sent, so that a
writer stops before its fence is past (`verifier.evidence.fence`). Leaves to others: the sending.
"""

import io
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, cast

from verifier.vault.errors import storage_errors

_MEMORY_BYTES: Final = 16 * 1024 * 1024
# A fence has 15 s left when a commit begins: so long for the body, then the wait for the answer (`aws`).
_SENT_WITHIN_S: Final = 6.0


class SpoolRoom:
    """The memory that all uploads of a process share, and the folder for what does not fit."""

    def __init__(self, folder: Path, *, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._folder: Final = folder
        self._free = memory_bytes
        self._lock: Final = threading.Lock()

    def open(self) -> "Spool":
        return Spool(self)

    def take(self, size: int) -> bool:
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            return True

    def give_back(self, size: int) -> None:
        with self._lock:
            self._free += size

    def open_file(self) -> IO[bytes]:
        """A file without a name, readable by us only. Raises `OSError`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Unbuffered: a full disk is told to whoever writes, not to whoever sends or closes.
        return cast("IO[bytes]", tempfile.TemporaryFile(dir=self._folder, buffering=0))


class _Held:
    """What one upload holds; let go of once, also where the upload is dropped."""

    def __init__(self, room: SpoolRoom) -> None:
        self._room: Final = room
        self._in_memory = 0
        self.is_on_disk = False
        self.bytes: IO[bytes] = io.BytesIO()

    def take(self, size: int) -> bool:
        if not self._room.take(size):
            return False
        self._in_memory += size
        return True

    def move_to_disk(self) -> None:
        held, self.is_on_disk = self.bytes, True
        assert isinstance(held, io.BytesIO)
        self.bytes = self._room.open_file()
        self.write(held.getbuffer())
        self._give_back()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        with memoryview(data) as view:
            written = 0
            while written < len(view):  # an almost full disk takes a part first
                written += self.bytes.write(view[written:])

    def close(self) -> None:
        self.bytes.close()
        self._give_back()

    def _give_back(self) -> None:
        size, self._in_memory = self._in_memory, 0
        self._room.give_back(size)


class Spool:
    """One upload's bytes, in the order in which they were written."""

    def __init__(self, room: SpoolRoom) -> None:
        self._held: Final = _Held(room)
        weakref.finalize(self, self._held.close)

    @property
    def is_on_disk(self) -> bool:
        return self._held.is_on_disk

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. Raises `NoSpaceError`, `StoreUnavailableError`."""
        with storage_errors():
            if not self._held.is_on_disk and not self._held.take(len(data)):
                self._held.move_to_disk()
            self._held.write(data)

    def get_body(self, *, steady_clock: Callable[[], float] = time.monotonic) -> IO[bytes]:
        """What is sent, from its begin; a `Body`."""
        self._held.bytes.seek(0)
        body = Body(self._held.bytes, ends_at=steady_clock() + _SENT_WITHIN_S, steady_clock=steady_clock)
        return cast("IO[bytes]", body)  # as far as anyone who sends it can tell

    def close(self) -> None:
        self._held.close()


class Body(io.RawIOBase):
    """A file to send, which refuses to be read once its time is over: then an attempt ends, and no other succeeds."""

    def __init__(self, file: IO[bytes], *, ends_at: float, steady_clock: Callable[[], float]) -> None:
        super().__init__()
        self._file: Final = file
        self._ends_at: Final = ends_at
        self._clock: Final = steady_clock

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self._clock() >= self._ends_at:
            raise TimeoutError
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

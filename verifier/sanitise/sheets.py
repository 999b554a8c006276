"""The child's end of the conversation: it announces pages, draws each on a sheet of the caller's memory, and ends.

The caller makes each sheet and seals its size, so the child can neither grow nor shrink what the caller reads.
"""

import mmap
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from verifier.sanitise.errors import Refusal
from verifier.sanitise.findings import Trace, pack_traces
from verifier.sanitise.pages import BYTES_PER_PIXEL
from verifier.sanitise.wire import Frame, Word, receive_sheet, send_frame

_REFUSALS: Final = tuple(Refusal)


class Sheets:
    """What a job may say to the caller."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def greet(self, mechanisms: int) -> None:
        """Say that the jail is shut, and which walls stand, before the first untrusted byte."""
        send_frame(self._channel, Frame(Word.READY, mechanisms))

    def announce(self, pages: int) -> None:
        """Say how many pages will follow, before the first."""
        send_frame(self._channel, Frame(Word.PAGES, pages))

    def request(self, width: int, height: int) -> None:
        """Ask for the next page's sheet. The earlier, the better: the caller makes it while the child decodes."""
        send_frame(self._channel, Frame(Word.PAGE, width, height))

    @contextmanager
    def sheet(self, width: int, height: int) -> Iterator[mmap.mmap]:
        """The memory that was asked for, row by row, three bytes a pixel; the page goes out when the block ends."""
        descriptor = receive_sheet(self._channel)
        try:
            # Populated at once: one call instead of a page fault for every 4 KiB.
            yield mmap.mmap(descriptor, width * height * BYTES_PER_PIXEL, mmap.MAP_SHARED | mmap.MAP_POPULATE)
        finally:
            os.close(descriptor)
        send_frame(self._channel, Frame(Word.DRAWN))

    def finish(self, traces: Iterable[Trace]) -> None:
        """Say that every page went out, and which kinds of metadata the document had."""
        send_frame(self._channel, Frame(Word.DONE, pack_traces(traces)))

    def refuse(self, reason: Refusal) -> None:
        """Say why there will be no more pages."""
        send_frame(self._channel, Frame(Word.REFUSED, _REFUSALS.index(reason)))

    def report_probe(self, attempts: int) -> None:
        """Say which attempts to break out succeeded. Only a probe child does."""
        send_frame(self._channel, Frame(Word.PROBED, attempts))

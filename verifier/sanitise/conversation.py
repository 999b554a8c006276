"""The caller's end of one document's conversation: strict about order, sizes and time.

Guarantees that whatever the child says, the caller makes no larger sheet and calls back for no more pages than the
limits allow, and waits no longer. Time that the caller spends with a page is not counted against the child.
"""

import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Final

from verifier.sanitise.errors import DecoderUnavailableError, Refusal, RefusedError
from verifier.sanitise.findings import Findings, parse_findings
from verifier.sanitise.memory import make_sheet, map_sheet
from verifier.sanitise.pages import BYTES_PER_PIXEL, Limits, Page, is_page_size
from verifier.sanitise.wire import ChannelEndedError, Frame, WireError, Word, receive_frame, send_frame

_REFUSALS: Final = tuple(Refusal)

OnPage = Callable[[int, Page], None]


class Conversation:
    """One document, one child, one channel, whose timeout is the time until the child stands in its jail."""

    def __init__(self, channel: socket.socket, limits: Limits) -> None:
        self._channel = channel
        self._limits = limits
        self._left_seconds = limits.wall_seconds
        self._pages_delivered = 0

    def hold(self, on_page: OnPage) -> Findings:
        """Hear the child out. Raise `RefusedError`, `DecoderUnavailableError` or `ChannelEndedError`."""
        self._await_sandbox()
        try:
            return self._hear(on_page)
        except WireError as error:  # no decoder of ours speaks like this
            raise RefusedError(Refusal.DECODER_CRASHED) from error

    def _await_sandbox(self) -> None:
        """Until the child says that it is locked in, it has read nothing, and whatever fails is not the document's."""
        try:
            frame = _receive_past_reset(self._channel)
        except (OSError, WireError) as error:
            raise DecoderUnavailableError from error
        if frame is None:
            raise ChannelEndedError
        if frame.word is not Word.READY:
            raise DecoderUnavailableError

    def _hear(self, on_page: OnPage) -> Findings:
        count = self._expect(Word.PAGES).a
        if not 1 <= count <= self._limits.max_pages:
            raise WireError
        for number in range(1, count + 1):
            on_page(number, self._receive_page())
            self._pages_delivered = number
        try:
            return parse_findings(self._expect(Word.DONE).a)
        except ValueError as error:
            raise WireError from error

    def _receive_page(self) -> Page:
        frame = self._expect(Word.PAGE)
        if not is_page_size(frame.a, frame.b):
            raise WireError
        size = frame.a * frame.b * BYTES_PER_PIXEL
        descriptor = make_sheet(size)
        try:
            self._send_sheet(descriptor)
            self._expect(Word.DRAWN)
            return Page(frame.a, frame.b, map_sheet(descriptor, size))
        finally:
            os.close(descriptor)

    def _send_sheet(self, descriptor: int) -> None:
        try:
            send_frame(self._channel, Frame(Word.SHEET), descriptor=descriptor)
        except OSError as error:
            self._expect(Word.DRAWN)  # the child is gone; how it went is waiting to be read
            raise WireError from error

    def _expect(self, word: Word) -> Frame:
        """The next frame, which must say `word`; what else it may rightly say is raised."""
        frame = self._receive()
        if frame.word is word:
            return frame
        if frame.word is Word.REFUSED and frame.a < len(_REFUSALS):
            raise RefusedError(_REFUSALS[frame.a])
        if frame.word is Word.EXITED:
            raise RefusedError(_judge_exit(frame.a))
        raise WireError

    def _receive(self) -> Frame:
        began = time.monotonic()
        self._channel.settimeout(max(self._left_seconds, 0.001))
        try:
            frame = _receive_past_reset(self._channel)
        except TimeoutError as error:
            raise RefusedError(Refusal.DECODER_TIMEOUT) from error
        self._left_seconds -= time.monotonic() - began
        if frame is None:
            raise ChannelEndedError(pages_delivered=self._pages_delivered)
        return frame


def _receive_past_reset(channel: socket.socket) -> Frame | None:
    """The next frame. A child that died with a sheet unread makes the kernel report a reset before what was sent."""
    try:
        return receive_frame(channel)
    except ConnectionResetError:
        return receive_frame(channel)


def _judge_exit(status: int) -> Refusal:
    """What the end of a child that had not finished says about its document."""
    killed_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    if killed_by == signal.SIGXCPU:
        return Refusal.DECODER_TIMEOUT
    if killed_by == signal.SIGKILL:  # not by us, who would have closed the channel: by the kernel, short of memory
        return Refusal.DECODER_MEMORY
    return Refusal.DECODER_CRASHED

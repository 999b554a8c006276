"""The caller's handle on one warm parent process: started with a clean environment and one socket, and ended."""

import contextlib
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from verifier.sanitise.errors import DecoderUnavailableError
from verifier.sanitise.wire import ChannelEndedError, Request, WireError, Word, receive_frame, send_request

PROGRAM: Final = ("-m", "verifier.sanitise.parent")

# Isolated (no PYTHON* variables, no current folder on the path) and writing no byte code.
_INTERPRETER: Final = (sys.executable, "-I", "-B")
# Large blocks on large pages, if the kernel offers them: a page costs thousands of page faults less.
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
_READY_WITHIN_SECONDS: Final = 60.0
_ENDS_WITHIN_SECONDS: Final = 5.0


class WarmParent:
    """One running parent. Safe to use from many threads: every request is one datagram."""

    def __init__(self, program: Sequence[str]) -> None:
        self._ended = False
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
                [*_INTERPRETER, *program],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                close_fds=True,
                start_new_session=True,  # Ctrl-C ends the worker, who ends the parent when its documents are through
            )

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def await_ready(self) -> None:
        """Wait until the decoders are loaded; raise `DecoderUnavailableError` if they never are."""
        self._control.settimeout(_READY_WITHIN_SECONDS)
        try:
            frame = receive_frame(self._control)
        except (OSError, WireError) as error:
            raise DecoderUnavailableError from error
        if frame is None or frame.word is not Word.READY:
            raise DecoderUnavailableError

    @contextlib.contextmanager
    def open_channel(self, request: Request, *, document: int) -> Iterator[socket.socket]:
        """The channel to a new child that was handed the document. Leaving the block kills that child.

        Raise `ChannelEndedError` if nobody takes the request.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                try:
                    send_request(self._control, request, document=document, channel=theirs.fileno())
                except OSError as error:
                    raise ChannelEndedError from error
            yield ours

    def is_alive(self) -> bool:
        """Whether the parent still holds its end of the control socket: the first that it loses when it dies."""
        if self._ended:
            return False
        poll = select.poll()
        poll.register(self._control, 0)
        return not poll.poll(0)

    def end(self) -> None:
        """End it and its children, and leave no zombie."""
        self._ended = True
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # before closing, so that no thread uses a number that is reused
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDS_WITHIN_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once, as for one that is lost or stuck. The kernel ends its children with it."""
        self._ended = True
        self._process.kill()
        self._process.wait()
        self._control.close()

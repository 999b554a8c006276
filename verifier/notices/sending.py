"""What a sender is, and the two ways in which a sending does not end in an acceptance.

Guarantees: a sender returns only when its letter was accepted. Neither error says to whom or what: they may be logged.
Leaves to others: when to try again, and what a failure means to a contact check.
"""

import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Protocol, Self

from verifier.ids import NoticeId
from verifier.notices.kinds import Failure, Obstacle
from verifier.notices.letter import Letter


class NotAcceptedError(Exception):
    """It may be given again: not taken, or, for mail only, perhaps taken."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle: Final = obstacle


class GivenUpError(Exception):
    """It must not be given again: refused for good, or perhaps taken."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure: Final = failure


class Sender(Protocol):
    """A way out."""

    def send(self, notice: NoticeId, letter: Letter, *, at: datetime) -> None:
        """Give the letter to a server that accepts it. Raises `NotAcceptedError`, `GivenUpError`."""

    def verify_reachable(self) -> None:
        """Go as far as one can without sending anything. Raises `NotAcceptedError`."""


@dataclass(frozen=True)
class Patience:
    """How long a server may take, in seconds: for one step, and for the whole conversation.

    The whole is shorter than the lease of the job: whoever lost the lease has long hung up.
    """

    step: float = 8.0
    whole: float = 20.0


class Deadline:
    """Hangs up when the conversation takes too long: a socket's own time-out begins anew with every byte."""

    def __init__(self, patience: Patience) -> None:
        self._timer: Final = threading.Timer(patience.whole, self._hang_up)
        self._timer.daemon = True
        self._lock: Final = threading.Lock()
        self._line: socket.socket | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._line is not None:
                self._line.close()
                self._line = None

    def watch(self, line: socket.socket) -> None:
        """Hang this one up, should it come to that. Raises `TimeoutError` where the time is over already."""
        # A descriptor of our own for the same connection: TLS takes the socket's away when it begins.
        with self._lock:
            if self._is_over:
                raise TimeoutError
            self._line = socket.socket(fileno=os.dup(line.fileno()))

    def _hang_up(self) -> None:
        with self._lock:
            self._is_over = True
            if self._line is not None:
                with suppress(OSError):  # the other side was first
                    self._line.shutdown(socket.SHUT_RDWR)

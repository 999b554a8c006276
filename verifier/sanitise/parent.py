"""The warm parent: it has the decoders loaded, has no keys and no secrets, and forks one child for each document.

Started as `python -m verifier.sanitise.parent` with its control socket as standard input and nothing else. It never
reads a document itself. It ends when its caller closes the control socket; its children end with it. A child ends when
its caller closes the channel: that is how the caller, who keeps the clock, has it killed.
"""

import contextlib
import fcntl
import gc
import os
import select
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

from verifier.sanitise import jail
from verifier.sanitise.hardening import harden_process
from verifier.sanitise.sheets import Sheets
from verifier.sanitise.wire import Frame, Request, Word, receive_request, send_frame

Job = Callable[[bytes, Request, Sheets], None]
"""What a child does with the document's bytes, already in its jail."""

_CONTROL: Final = 0  # descriptors: standard input; 1 and 2 are /dev/null
_CHANNEL: Final = 3
_DOCUMENT: Final = 4
_FIRST_UNUSED: Final = 5
_MOST_DESCRIPTORS: Final = 65_536


@dataclass
class _Child:
    pid: int
    pidfd: int
    channel: socket.socket


@dataclass
class _Nursery:
    """The living children, found by their process descriptor or by their channel's."""

    poll: select.poll = field(default_factory=select.poll)
    by_descriptor: dict[int, _Child] = field(default_factory=dict)

    def add(self, child: _Child) -> None:
        self.poll.register(child.pidfd, select.POLLIN)
        self.poll.register(child.channel, 0)  # hang-ups only: what it says is for the caller
        self.by_descriptor |= {child.pidfd: child, child.channel.fileno(): child}

    def handle(self, descriptor: int) -> None:
        """Bury the child that ended; kill the one whose caller has gone."""
        child = self.by_descriptor.get(descriptor)
        if child is None:  # buried earlier in the same round
            return
        if descriptor == child.pidfd:
            self._bury(child)
        else:
            signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
            self.poll.unregister(descriptor)

    def _bury(self, child: _Child) -> None:
        _, status = os.waitpid(child.pid, 0)
        for descriptor in (child.pidfd, child.channel.fileno()):
            del self.by_descriptor[descriptor]
            with contextlib.suppress(KeyError):
                self.poll.unregister(descriptor)
        # Without waiting: a child that filled its channel has earned no word from us.
        child.channel.setblocking(False)
        with contextlib.suppress(OSError):
            send_frame(child.channel, Frame(Word.EXITED, status))
        child.channel.close()
        os.close(child.pidfd)


def serve(job: Job) -> None:
    """Fork a child that does `job` for each request, until the caller closes the control socket."""
    # Before it is made undumpable, which takes /proc/self away: where memory ends, children and decoder go first.
    Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")
    harden_process()
    walls = jail.prepare()
    gc.freeze()  # what is loaded now stays shared with every child
    nursery = _Nursery()
    with socket.socket(fileno=_CONTROL) as control:
        send_frame(control, Frame(Word.READY))
        nursery.poll.register(control, select.POLLIN)
        while True:
            for descriptor, _ in nursery.poll.poll():
                if descriptor != _CONTROL:
                    nursery.handle(descriptor)
                    continue
                received = receive_request(control)
                if received is None:
                    return
                nursery.add(_fork(job, walls, *received))


def _fork(job: Job, walls: jail.Jail, request: Request, document: int, channel: int) -> _Child:
    pid = os.fork()
    if pid == 0:
        _live(job, walls, request, document, channel)
    os.close(document)
    return _Child(pid, os.pidfd_open(pid), socket.socket(fileno=channel))


def _live(job: Job, walls: jail.Jail, request: Request, document: int, channel: int) -> NoReturn:
    """The whole life of a child. It leaves by `_exit`, so that nothing of the parent's is unwound or flushed."""
    try:
        _keep_only(document, channel)
        with socket.socket(fileno=_CHANNEL) as own:
            sheets = Sheets(own)
            sheets.greet(jail.pack_mechanisms(walls.enter(request.limits)))
            size = os.lseek(_DOCUMENT, 0, os.SEEK_END)
            job(os.pread(_DOCUMENT, size, 0), request, sheets)
    finally:
        os._exit(0)


def _keep_only(document: int, channel: int) -> None:
    """Close everything but the two descriptors; above all the control socket, over which others' documents come."""
    above = fcntl.fcntl(channel, fcntl.F_DUPFD, _FIRST_UNUSED), fcntl.fcntl(document, fcntl.F_DUPFD, _FIRST_UNUSED)
    os.dup2(above[0], _CHANNEL)
    os.dup2(above[1], _DOCUMENT)
    os.dup2(1, _CONTROL)
    os.closerange(_FIRST_UNUSED, _MOST_DESCRIPTORS)


def main() -> None:
    from verifier.sanitise.job import decode_document
    from verifier.sanitise.warmup import warm_up

    warm_up(decode_document)
    serve(decode_document)


if __name__ == "__main__":
    main()

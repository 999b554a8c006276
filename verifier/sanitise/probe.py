"""Does the sandbox hold on this machine? A child like any other tries to break out, and says what it managed.

Run at start by the worker and by `verifier doctor`. It guarantees that the attempts were really made, in the real jail,
by a child of the real parent; what follows from a report (refusing to start, a banner) is for the caller.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Final

from verifier.sanitise.attempts import Attempt
from verifier.sanitise.errors import DecoderUnavailableError
from verifier.sanitise.formats import MediaType
from verifier.sanitise.jail import Mechanism, parse_mechanisms
from verifier.sanitise.memory import make_document
from verifier.sanitise.pages import Limits
from verifier.sanitise.warm import WarmParent
from verifier.sanitise.wire import ChannelEndedError, Frame, Request, WireError, Word, receive_frame

_PROGRAM: Final = ("-m", "verifier.sanitise.attempts")
_REQUEST: Final = Request(MediaType.PDF, Limits(max_pages=1, wall_seconds=10))


@dataclass(frozen=True)
class SandboxReport:
    """What a child managed (must be empty), and which walls stand."""

    succeeded: tuple[Attempt, ...]
    active: tuple[Mechanism, ...]

    @property
    def missing(self) -> tuple[Mechanism, ...]:
        """The walls that this kernel or host doesn't give us."""
        return tuple(mechanism for mechanism in Mechanism if mechanism not in self.active)

    @property
    def holds(self) -> bool:
        """Whether nothing succeeded. A missing wall weakens the sandbox even where the others hold."""
        return not self.succeeded


def probe_sandbox(key_file: Path) -> SandboxReport:
    """Try to break out, and to read `key_file` above all; raise `DecoderUnavailableError` if there is no answer."""
    parent = WarmParent(_PROGRAM)
    document = make_document(os.fsencode(key_file.absolute()))
    try:
        parent.await_ready()
        with parent.open_channel(_REQUEST, document=document) as channel:
            channel.settimeout(_REQUEST.limits.wall_seconds)
            return _listen(channel)
    except (ChannelEndedError, WireError, OSError) as error:
        raise DecoderUnavailableError from error
    finally:
        os.close(document)
        parent.end()


def _listen(channel: socket) -> SandboxReport:
    """The child reports, tries to become another program, and reports again if it is still there to do so."""
    active = parse_mechanisms(_expect(channel, Word.READY).a)
    before = _expect(channel, Word.PROBED)
    after = receive_frame(channel)
    if after is None or after.word is not Word.PROBED:
        return SandboxReport((*_parse_attempts(before.a), Attempt.EXECUTE), active)
    return SandboxReport(_parse_attempts(after.a), active)


def _expect(channel: socket, word: Word) -> Frame:
    frame = receive_frame(channel)
    if frame is None or frame.word is not word:
        raise WireError
    return frame


def _parse_attempts(bits: int) -> tuple[Attempt, ...]:
    return tuple(attempt for index, attempt in enumerate(Attempt) if bits >> index & 1)

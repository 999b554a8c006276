"""The words between caller, parent and child: datagrams of fixed length over Unix sockets that keep their boundaries.

Guarantees that nothing but a known word with small numbers is ever understood: no lengths to trust, no strings, no
pickles. What the words mean in which order is judged by `conversation` (for the caller) and `sheets` (for the child).
"""

import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from verifier.sanitise.formats import MediaType
from verifier.sanitise.pages import Limits


class Word(IntEnum):
    """What a frame says; in brackets who says it to whom, and what `a` and `b` are."""

    READY = 1  # parent to caller: warm; child to caller: in its jail, nothing read yet; walls, as bits (a)
    PAGES = 2  # child to caller: how many pages follow (a)
    PAGE = 3  # child to caller: the next page's width (a) and height (b)
    SHEET = 4  # caller to child, with a descriptor: memory of exactly that size to draw on
    DRAWN = 5  # child to caller: the sheet is full
    DONE = 6  # child to caller: no more pages; traces found, as bits (a)
    REFUSED = 7  # child to caller: the number of a refusal (a)
    EXITED = 8  # parent to caller: the child is gone; its wait status (a)
    PROBED = 9  # probe child to caller: attempts that succeeded, as bits (a)


class WireError(Exception):
    """What came is not a frame."""


class ChannelEndedError(Exception):
    """The channel ended without a word on how the child did. If the parent is gone, the document is not to blame."""

    def __init__(self, *, pages_delivered: int = 0) -> None:
        super().__init__()
        self.pages_delivered: Final = pages_delivered


@dataclass(frozen=True)
class Frame:
    word: Word
    a: int = 0
    b: int = 0


_FRAME: Final = struct.Struct("<III")
_REQUEST: Final = struct.Struct("<IIQQd")
_DESCRIPTORS: Final = 2
_TYPES: Final = tuple(MediaType)


def send_frame(channel: socket.socket, frame: Frame, *, descriptor: int | None = None) -> None:
    """Send one frame, and one descriptor with it."""
    payload = _FRAME.pack(frame.word, frame.a, frame.b)
    if descriptor is None:
        channel.send(payload)
    else:
        socket.send_fds(channel, [payload], [descriptor])


def parse_frame(payload: bytes) -> Frame:
    """The frame in `payload`; raise `WireError` if it is not exactly one."""
    if len(payload) != _FRAME.size:
        raise WireError
    word, a, b = _FRAME.unpack(payload)
    try:
        return Frame(Word(word), a, b)
    except ValueError as error:
        raise WireError from error


def receive_frame(channel: socket.socket) -> Frame | None:
    """The next frame, or `None` at the end or for an empty datagram, which looks the same.

    Descriptors that come with it are dropped by the kernel, unseen.
    """
    payload = channel.recv(_FRAME.size + 1)  # one byte more, so that a longer datagram is not taken for a frame
    return parse_frame(payload) if payload else None


def receive_sheet(channel: socket.socket) -> int:
    """The descriptor that comes with the next frame, which must be a sheet."""
    payload, descriptors, _, _ = socket.recv_fds(channel, _FRAME.size + 1, 1)
    if parse_frame(payload).word is not Word.SHEET or len(descriptors) != 1:
        raise WireError
    return descriptors[0]


@dataclass(frozen=True)
class Request:
    """One document to decode; its bytes and the channel for the answer travel beside it as descriptors."""

    media_type: MediaType
    limits: Limits


def send_request(control: socket.socket, request: Request, *, document: int, channel: int) -> None:
    limits = request.limits
    payload = _REQUEST.pack(
        _TYPES.index(request.media_type),
        limits.max_pages,
        limits.max_pixels,
        limits.memory_bytes,
        limits.wall_seconds,
    )
    socket.send_fds(control, [payload], [document, channel])


def receive_request(control: socket.socket) -> tuple[Request, int, int] | None:
    """The next request with its document and channel, or `None` when the caller is gone. Our caller is trusted."""
    payload, descriptors, _, _ = socket.recv_fds(control, _REQUEST.size + 1, _DESCRIPTORS)
    if not payload:
        return None
    if len(payload) != _REQUEST.size or len(descriptors) != _DESCRIPTORS:
        raise WireError
    kind, max_pages, max_pixels, memory_bytes, wall_seconds = _REQUEST.unpack(payload)
    limits = Limits(max_pages=max_pages, max_pixels=max_pixels, memory_bytes=memory_bytes, wall_seconds=wall_seconds)
    document, channel = descriptors
    return Request(_TYPES[kind], limits), document, channel

"""The program of a decoder whose children misbehave: each as its document says, in one of the names of `JOBS`.

Run by itself (a `Decoder` is given its path), it is a warm parent like the product's, with another job. Everything else
(parent, jail, wire, caller) is the product's own.
"""

import ctypes
import mmap
import os
import signal
import socket
import time
from collections.abc import Callable

from verifier.sanitise.errors import Refusal
from verifier.sanitise.findings import Trace
from verifier.sanitise.pages import LONG_SIDE, MIB
from verifier.sanitise.parent import serve
from verifier.sanitise.sheets import Sheets
from verifier.sanitise.wire import Frame, Request, Word, receive_sheet, send_frame


def _say(sheets: Sheets, *frames: Frame) -> None:
    for frame in frames:
        send_frame(sheets._channel, frame)


def _behave(sheets: Sheets) -> None:
    sheets.announce(2)
    for shade in (b"\x11", b"\x22"):
        sheets.request(4, 2)
        with sheets.sheet(4, 2) as sheet:
            sheet.write(shade * 24)
    sheets.finish([Trace.GPS])


def _crash(_sheets: Sheets) -> None:
    ctypes.string_at(1)


def _crash_between_pages(sheets: Sheets) -> None:
    sheets.announce(2)
    sheets.request(4, 2)
    with sheets.sheet(4, 2) as sheet:
        sheet.write(bytes(24))
    ctypes.string_at(1)


def _crash_with_a_sheet_unread(sheets: Sheets) -> None:
    _say(sheets, Frame(Word.PAGES, 1), Frame(Word.PAGE, LONG_SIDE, LONG_SIDE))
    deadline = time.monotonic() + 0.2
    while time.monotonic() < deadline:
        """Until the sheet has come."""
    ctypes.string_at(1)


def _leave_quietly(_sheets: Sheets) -> None:
    os._exit(0)


def _hang(sheets: Sheets) -> None:
    receive_sheet(sheets._channel)  # which never comes


def _spin(_sheets: Sheets) -> None:
    while True:
        """For ever."""


def _eat(_sheets: Sheets) -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 * MIB))


def _eat_and_report(sheets: Sheets) -> None:
    try:
        mmap.mmap(-1, 128 * MIB)
    except OSError:
        sheets.refuse(Refusal.DECODER_MEMORY)


def _flood(sheets: Sheets) -> None:
    while True:
        _say(sheets, Frame(Word.PAGES, 1))


def _flood_with_garbage(sheets: Sheets) -> None:
    while True:
        sheets._channel.send(b"\xff" * 60_000)


def _send_descriptors(sheets: Sheets) -> None:
    sheets.announce(1)
    payload = b"\x03\0\0\0" + (4).to_bytes(4, "little") + (2).to_bytes(4, "little")
    socket.send_fds(sheets._channel, [payload], [1, 2, 4])
    os.close(receive_sheet(sheets._channel))
    _say(sheets, Frame(Word.DRAWN), Frame(Word.DONE))


def _resize_the_sheet(sheets: Sheets) -> None:
    _say(sheets, Frame(Word.PAGES, 1), Frame(Word.PAGE, 4, 2))
    sheet = receive_sheet(sheets._channel)
    for size in (0, 1 << 30):
        try:
            os.ftruncate(sheet, size)
        except OSError:
            continue
        sheets.refuse(Refusal.NO_PAGES)
    _say(sheets, Frame(Word.DRAWN), Frame(Word.DONE))


def _raise(_sheets: Sheets) -> None:
    raise ZeroDivisionError


def _send_raw(*payloads: bytes) -> Callable[[Sheets], None]:
    def send(sheets: Sheets) -> None:
        for payload in payloads:
            sheets._channel.send(payload)

    return send


def _speak(*frames: Frame) -> Callable[[Sheets], None]:
    return lambda sheets: _say(sheets, *frames)


JOBS: dict[str, Callable[[Sheets], None]] = {
    "behave": _behave,
    "crash": _crash,
    "crash between pages": _crash_between_pages,
    "crash with a sheet unread": _crash_with_a_sheet_unread,
    "leave quietly": _leave_quietly,
    "hang": _hang,
    "spin": _spin,
    "eat": _eat,
    "eat and report": _eat_and_report,
    "flood": _flood,
    "flood with garbage": _flood_with_garbage,
    "send descriptors": _send_descriptors,
    "resize the sheet": _resize_the_sheet,
    "raise": _raise,
    "send an empty datagram": _send_raw(b""),
    "send many empty datagrams": _send_raw(b"", b"", b"", b""),
    "send a cut frame": _send_raw(b"\x02\0\0"),
    "send a long frame": _send_raw(bytes(100_000)),
    "promise no pages": _speak(Frame(Word.PAGES, 0)),
    "promise too many pages": _speak(Frame(Word.PAGES, 4)),
    "promise four billion pages": _speak(Frame(Word.PAGES, 2**32 - 1)),
    "announce a flat page": _speak(Frame(Word.PAGES, 1), Frame(Word.PAGE, 0, 10)),
    "announce a huge page": _speak(Frame(Word.PAGES, 1), Frame(Word.PAGE, LONG_SIDE + 1, 1)),
    "announce an absurd page": _speak(Frame(Word.PAGES, 1), Frame(Word.PAGE, 2**32 - 1, 2**32 - 1)),
    "finish early": _speak(Frame(Word.DONE)),
    "finish with a page missing": _speak(Frame(Word.PAGES, 1), Frame(Word.DONE)),
    "find what nobody knows": _speak(
        Frame(Word.PAGES, 1), Frame(Word.PAGE, 1, 1), Frame(Word.DRAWN), Frame(Word.DONE, 1 << 31)
    ),
    "refuse for no known reason": _speak(Frame(Word.REFUSED, 99)),
    "say that it was killed": _speak(Frame(Word.EXITED, signal.SIGKILL)),
    "answer as a probe": _speak(Frame(Word.PROBED, 0)),
}  # fmt: skip


def misbehave(document: bytes, _request: Request, sheets: Sheets) -> None:
    JOBS[document.decode("ascii")](sheets)


if __name__ == "__main__":
    serve(misbehave)

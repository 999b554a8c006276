"""Children that crash, hang, eat or lie: each costs its own document a refusal, and nothing else.

This file is also the program of the decoder under test: run by itself, it serves children whose job is the misbehaviour
that the document names. Everything else (parent, jail, wire, caller) is the product's own.
"""

import ctypes
import mmap
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from verifier.sanitise.decoder import Decoder, Limits, Page, Refusal, RefusedError
from verifier.sanitise.errors import DecoderUnavailableError
from verifier.sanitise.findings import Trace
from verifier.sanitise.formats import MediaType
from verifier.sanitise.pages import LONG_SIDE, MIB
from verifier.sanitise.parent import serve
from verifier.sanitise.sheets import Sheets
from verifier.sanitise.wire import Frame, Request, Word, receive_sheet, send_frame

LIMITS = Limits(max_pages=3, memory_bytes=64 * MIB, wall_seconds=1.0)

# --- the misbehaving children ---------------------------------------------------------------------------------------


def _say(sheets: Sheets, *frames: Frame) -> None:
    for frame in frames:
        send_frame(sheets._channel, frame)


def _behave(sheets: Sheets) -> None:
    sheets.announce(2)
    for shade in (b"\x11", b"\x22"):
        with sheets.sheet(4, 2) as sheet:
            sheet.write(shade * 24)
    sheets.finish([Trace.GPS])


def _crash(_sheets: Sheets) -> None:
    ctypes.string_at(1)


def _crash_between_pages(sheets: Sheets) -> None:
    sheets.announce(2)
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


# --- the caller, who must not mind ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(children=3, program=(__file__,)) as decoder:
        yield decoder


def _refusal_of(decoder: Decoder, job: str, *, limits: Limits = LIMITS) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        decoder.decode(job.encode(), MediaType.PDF, limits, lambda _number, _page: None)
    return refused.value.reason


def _behaves(decoder: Decoder) -> None:
    pages: list[tuple[int, Page, bytes]] = []
    findings = decoder.decode(
        b"behave", MediaType.PDF, LIMITS, lambda number, page: pages.append((number, page, bytes(page.rgb)))
    )
    assert [(number, page.width, page.height) for number, page, _ in pages] == [(1, 4, 2), (2, 4, 2)]
    assert [pixels for _, _, pixels in pages] == [b"\x11" * 24, b"\x22" * 24]
    assert findings.kinds == ("gps",)


_EXPECTED = {
    "hang": Refusal.DECODER_TIMEOUT,
    "spin": Refusal.DECODER_TIMEOUT,
    "eat and report": Refusal.DECODER_MEMORY,
    "say that it was killed": Refusal.DECODER_MEMORY,
}


@pytest.mark.parametrize("job", sorted(set(JOBS) - {"behave", "send descriptors", "resize the sheet"}))
def test_a_child_that_misbehaves_costs_its_own_document_and_nothing_else(decoder: Decoder, job: str) -> None:
    parent = decoder._parent
    assert _refusal_of(decoder, job) is _EXPECTED.get(job, Refusal.DECODER_CRASHED)
    _behaves(decoder)
    assert decoder._parent is parent, "and the parent lived on"
    assert parent.is_alive()
    assert _wait_for_no_children(Path("/proc") / str(parent.pid)), "and the child did not"


def test_descriptors_that_a_child_sends_are_dropped(decoder: Decoder) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        decoder.decode(b"send descriptors", MediaType.PDF, LIMITS, lambda _number, _page: None)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_child_cannot_change_the_size_of_its_sheet(decoder: Decoder) -> None:
    sizes: list[int] = []
    decoder.decode(b"resize the sheet", MediaType.PDF, LIMITS, lambda _number, page: sizes.append(len(bytes(page.rgb))))
    assert sizes == [24]


def test_hanging_children_fill_every_slot_and_the_next_document_waits_its_turn(decoder: Decoder) -> None:
    refusals: list[Refusal] = []
    threads = [threading.Thread(target=lambda: refusals.append(_refusal_of(decoder, "hang"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    _behaves(decoder)
    for thread in threads:
        thread.join()
    assert refusals == [Refusal.DECODER_TIMEOUT] * 3


def test_time_that_the_caller_takes_is_not_counted_against_the_child(decoder: Decoder) -> None:
    limits = Limits(max_pages=3, memory_bytes=64 * MIB, wall_seconds=0.3)
    slow = threading.Event()
    pages: list[int] = []

    def keep_the_page(number: int, _page: Page) -> None:
        slow.wait(0.35)  # nobody sets it: this is how long a slow store takes
        pages.append(number)

    decoder.decode(b"behave", MediaType.PDF, limits, keep_the_page)
    assert pages == [1, 2]


def test_what_the_caller_raises_passes_through_and_ends_the_child(decoder: Decoder) -> None:
    class StoreError(Exception):
        pass

    def fail(_number: int, _page: Page) -> None:
        raise StoreError

    with pytest.raises(StoreError):
        decoder.decode(b"behave", MediaType.PDF, LIMITS, fail)
    _behaves(decoder)


def test_a_connection_error_of_the_callers_store_is_not_taken_for_the_parents_end(decoder: Decoder) -> None:
    parent = decoder._parent

    def fail(_number: int, _page: Page) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        decoder.decode(b"behave", MediaType.PDF, LIMITS, fail)
    assert decoder._parent is parent


def test_a_page_that_is_kept_stays_whole_after_its_child_is_gone(decoder: Decoder) -> None:
    kept: list[Page] = []
    decoder.decode(b"behave", MediaType.PDF, LIMITS, lambda _number, page: kept.append(page))
    assert [bytes(page.rgb) for page in kept] == [b"\x11" * 24, b"\x22" * 24]


def test_a_killed_parent_is_replaced_and_the_document_is_tried_again(decoder: Decoder) -> None:
    os.kill(decoder._parent.pid, signal.SIGKILL)
    _behaves(decoder)


def test_a_parent_killed_between_two_pages_costs_the_document_that_was_going_out(decoder: Decoder) -> None:
    pages: list[int] = []

    def kill(number: int, _page: Page) -> None:
        pages.append(number)
        os.kill(decoder._parent.pid, signal.SIGKILL)
        decoder._parent._process.wait()

    with pytest.raises(RefusedError) as refused:
        decoder.decode(b"behave", MediaType.PDF, LIMITS, kill)
    assert refused.value.reason is Refusal.DECODER_CRASHED
    assert pages == [1], "no page goes out twice"
    _behaves(decoder)


def test_a_parent_that_is_stuck_refuses_no_document_and_is_replaced() -> None:
    with Decoder(program=(__file__,), ready_within_seconds=0.5) as decoder:
        _behaves(decoder)
        os.kill(decoder._parent.pid, signal.SIGSTOP)
        with pytest.raises(DecoderUnavailableError):
            _behaves(decoder)
        _behaves(decoder)


def test_a_parent_that_cannot_start_refuses_no_document() -> None:
    with (
        Decoder(program=("-c", "raise SystemExit(1)")) as decoder,
        pytest.raises(DecoderUnavailableError),
    ):
        decoder.decode(b"behave", MediaType.PDF, LIMITS, lambda _number, _page: None)


def test_a_closed_decoder_takes_no_document() -> None:
    decoder = Decoder(program=(__file__,))
    decoder.close()
    decoder.close()
    assert decoder._parent._process.poll() is not None
    with pytest.raises(DecoderUnavailableError):
        decoder.decode(b"behave", MediaType.PDF, LIMITS, lambda _number, _page: None)


def test_closing_ends_the_children_too() -> None:
    decoder = Decoder(program=(__file__,))
    ended: list[type[BaseException]] = []

    def wait_for_it() -> None:
        try:
            decoder.decode(b"hang", MediaType.PDF, Limits(max_pages=1, wall_seconds=60), lambda _number, _page: None)
        except (RefusedError, DecoderUnavailableError) as error:
            ended.append(type(error))

    _behaves(decoder)
    thread = threading.Thread(target=wait_for_it)
    thread.start()
    children = Path(f"/proc/{decoder._parent.pid}/task/{decoder._parent.pid}/children")
    while not children.read_text():
        """Until the child is there."""
    decoder.close()
    thread.join(10)
    assert ended == [DecoderUnavailableError]


def test_over_300_documents_no_descriptor_and_no_zombie_stays() -> None:
    jobs = ("behave", "crash", "raise", "crash between pages", "finish early", "announce a huge page")
    with Decoder(children=2, program=(__file__,)) as decoder:
        _behaves(decoder)
        parent = Path("/proc") / str(decoder._parent.pid)
        assert _wait_for_no_children(parent)
        ours = _count_descriptors(Path("/proc/self"))
        for turn in range(300):
            job = jobs[turn % len(jobs)]
            if job == "behave":
                _behaves(decoder)
            else:
                _refusal_of(decoder, job)
        _behaves(decoder)
        assert _count_descriptors(Path("/proc/self")) == ours
        assert _wait_for_no_children(parent)
        assert _wait_until(lambda: _count_descriptors(parent) <= 3), "control socket and /dev/null twice"


def _count_descriptors(process: Path) -> int:
    try:
        return len(list((process / "fd").iterdir()))
    except PermissionError:  # the parent is not dumpable, so only root may look: the children are looked at anyway
        return -1


def _wait_for_no_children(process: Path) -> bool:
    return _wait_until(lambda: not (process / "task" / process.name / "children").read_text())


def _wait_until(condition: Callable[[], bool]) -> bool:
    """The parent may be a moment behind its child's last word."""
    deadline = time.monotonic() + 5
    while not condition():
        if time.monotonic() > deadline:
            return False
    return True


if __name__ == "__main__":
    serve(misbehave)

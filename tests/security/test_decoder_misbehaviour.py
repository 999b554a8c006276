"""Children that crash, hang, eat or lie: each costs its own document a refusal, and nothing else.

What the children do is in `decoder_misbehaving.py`, which these tests run as the decoder's program.
"""

import functools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from verifier.sanitise.decoder import Decoder, Limits, Page, Refusal, RefusedError
from verifier.sanitise.errors import DecoderUnavailableError
from verifier.sanitise.formats import MediaType
from verifier.sanitise.pages import MIB

LIMITS = Limits(max_pages=3, memory_bytes=64 * MIB, wall_seconds=1.0)
_PROGRAM = (str(Path(__file__).with_name("decoder_misbehaving.py")),)
_REFUSALS = {
    "crash": Refusal.DECODER_CRASHED,
    "crash between pages": Refusal.DECODER_CRASHED,
    "crash with a sheet unread": Refusal.DECODER_CRASHED,
    "leave quietly": Refusal.DECODER_CRASHED,
    "hang": Refusal.DECODER_TIMEOUT,
    "spin": Refusal.DECODER_TIMEOUT,
    "eat": Refusal.DECODER_CRASHED,
    "eat and report": Refusal.DECODER_MEMORY,
    "flood": Refusal.DECODER_CRASHED,
    "flood with garbage": Refusal.DECODER_CRASHED,
    "raise": Refusal.DECODER_CRASHED,
    "send an empty datagram": Refusal.DECODER_CRASHED,
    "send many empty datagrams": Refusal.DECODER_CRASHED,
    "send a cut frame": Refusal.DECODER_CRASHED,
    "send a long frame": Refusal.DECODER_CRASHED,
    "promise no pages": Refusal.DECODER_CRASHED,
    "promise too many pages": Refusal.DECODER_CRASHED,
    "promise four billion pages": Refusal.DECODER_CRASHED,
    "announce a flat page": Refusal.DECODER_CRASHED,
    "announce a huge page": Refusal.DECODER_CRASHED,
    "announce an absurd page": Refusal.DECODER_CRASHED,
    "finish early": Refusal.DECODER_CRASHED,
    "finish with a page missing": Refusal.DECODER_CRASHED,
    "find what nobody knows": Refusal.DECODER_CRASHED,
    "refuse for no known reason": Refusal.DECODER_CRASHED,
    "say that it was killed": Refusal.DECODER_MEMORY,
    "answer as a probe": Refusal.DECODER_CRASHED,
}


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(children=3, program=_PROGRAM) as decoder:
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


@pytest.mark.parametrize(("job", "expected"), _REFUSALS.items())
def test_a_child_that_misbehaves_costs_its_own_document_and_nothing_else(
    decoder: Decoder, job: str, expected: Refusal
) -> None:
    parent = decoder._parent
    assert _refusal_of(decoder, job) is expected
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


def test_many_threads_and_a_parent_that_is_killed_again_and_again_end_in_pages_or_in_words() -> None:
    ends: list[str] = []

    def check_many(decoder: Decoder) -> None:
        for _ in range(15):
            try:
                decoder.decode(b"behave", MediaType.PDF, LIMITS, lambda _number, _page: None)
            except RefusedError as refused:
                ends.append(refused.reason.value)
            else:
                ends.append("pages")

    with Decoder(children=2, program=_PROGRAM) as decoder:
        threads = [threading.Thread(target=check_many, args=[decoder]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for killed in range(3):
            assert _wait_until(functools.partial(lambda done: len(ends) > 15 * done, killed))
            os.kill(decoder._parent.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
        _behaves(decoder)
    assert len(ends) == 60
    assert set(ends) <= {"pages", "decoder_crashed"}
    assert ends.count("pages") >= 50, "a killed parent costs few documents"


def test_a_parent_that_is_stuck_refuses_no_document_and_is_replaced() -> None:
    with Decoder(program=_PROGRAM, ready_within_seconds=0.5) as decoder:
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
    decoder = Decoder(program=_PROGRAM)
    decoder.close()
    decoder.close()
    assert decoder._parent._process.poll() is not None
    with pytest.raises(DecoderUnavailableError):
        decoder.decode(b"behave", MediaType.PDF, LIMITS, lambda _number, _page: None)


def test_closing_ends_the_children_too() -> None:
    decoder = Decoder(program=_PROGRAM)
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
    with Decoder(children=2, program=_PROGRAM) as decoder:
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
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
    return True

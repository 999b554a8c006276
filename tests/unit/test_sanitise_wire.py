"""The words on the wire: fixed length, closed list, nothing else understood."""

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.sanitise.findings import Trace, pack_traces, parse_findings
from verifier.sanitise.formats import MediaType
from verifier.sanitise.jail import Mechanism, pack_mechanisms, parse_mechanisms
from verifier.sanitise.memory import make_document
from verifier.sanitise.pages import LONG_SIDE, Limits, Page, fit, is_page_size
from verifier.sanitise.wire import (
    Frame,
    Request,
    WireError,
    Word,
    parse_frame,
    receive_frame,
    receive_request,
    send_frame,
    send_request,
)

_NUMBERS = st.integers(min_value=0, max_value=2**32 - 1)


@given(st.sampled_from(Word), _NUMBERS, _NUMBERS)
def test_a_frame_comes_back_as_it_was_sent(word: Word, a: int, b: int) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        send_frame(ours, Frame(word, a, b))
        assert receive_frame(theirs) == Frame(word, a, b)


@given(st.binary(max_size=40))
def test_no_bytes_make_the_frame_parser_raise_anything_but_its_error(payload: bytes) -> None:
    try:
        frame = parse_frame(payload)
    except WireError:
        return
    assert frame.word in Word
    assert len(payload) == 12


def test_a_longer_datagram_is_not_taken_for_the_frame_it_begins_with() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send((1).to_bytes(4, "little") + bytes(9))
        with pytest.raises(WireError):
            receive_frame(theirs)


@given(st.sampled_from(MediaType), _NUMBERS, st.integers(0, 2**60), st.integers(0, 2**60), st.floats(0.01, 1e6))
def test_a_request_comes_back_as_it_was_sent(
    media_type: MediaType, max_pages: int, max_pixels: int, memory_bytes: int, wall_seconds: float
) -> None:
    limits = Limits(max_pages, max_pixels=max_pixels, memory_bytes=memory_bytes, wall_seconds=wall_seconds)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        document = make_document(b"the document")
        send_request(ours, Request(media_type, limits), document=document, channel=theirs.fileno())
        received = receive_request(theirs)
        assert received is not None
        request, passed, channel = received
        assert request == Request(media_type, limits)
        assert os.pread(passed, 99, 0) == b"the document"
        for descriptor in (document, passed, channel):
            os.close(descriptor)


def test_nobody_can_write_to_a_document_in_memory() -> None:
    document = make_document(memoryview(b"sealed"))
    with pytest.raises(PermissionError):
        os.pwrite(document, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(document, 0)
    os.close(document)


@given(st.sets(st.sampled_from(Trace)))
def test_findings_come_back_as_they_were_packed_and_in_order(traces: set[Trace]) -> None:
    assert parse_findings(pack_traces(traces)).kinds == tuple(trace.value for trace in Trace if trace in traces)


@given(st.integers(min_value=len(Trace), max_value=31))
def test_a_finding_outside_the_closed_list_is_refused(bit: int) -> None:
    with pytest.raises(ValueError, match="closed list"):
        parse_findings(1 << bit)


@given(st.sets(st.sampled_from(Mechanism)))
def test_the_walls_come_back_as_they_were_packed(mechanisms: set[Mechanism]) -> None:
    assert set(parse_mechanisms(pack_mechanisms(frozenset(mechanisms)))) == mechanisms


@given(st.floats(0.001, 1e7), st.floats(0.001, 1e7))
def test_whatever_the_size_a_page_fits(width: float, height: float) -> None:
    fitted = fit(width, height)
    assert is_page_size(*fitted)
    assert fit(*fitted) == fitted


def test_a_page_keeps_its_proportions() -> None:
    assert fit(4000, 3000) == (3000, 2250)
    assert fit(3000, 4000) == (2250, 3000)
    assert fit(640, 480) == (640, 480)
    assert fit(595, 842, scale=200 / 72) == (1653, 2339)


@pytest.mark.parametrize(("width", "height", "length"), [(2, 2, 11), (2, 2, 13), (0, 1, 0), (LONG_SIDE + 1, 1, 9003)])
def test_a_page_whose_pixels_do_not_fill_it_cannot_be_made(width: int, height: int, length: int) -> None:
    with pytest.raises(ValueError, match=r"page"):
        Page(width, height, bytes(length))


def test_a_page_does_not_print_its_pixels() -> None:
    assert repr(Page(2, 1, b"canary")) == "Page(2 x 1)"

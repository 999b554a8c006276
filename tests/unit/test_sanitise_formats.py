"""The allow list of types, told from the first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.sanitise.errors import HeicError, UnsupportedTypeError
from verifier.sanitise.formats import SNIFF_BYTES, MediaType, sniff


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", MediaType.JPEG),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", MediaType.PNG),
        (b"RIFF\x00\x01\x00\x00WEBPVP8 ", MediaType.WEBP),
        (b"%PDF-1.7\n", MediaType.PDF),
    ],
)
def test_the_first_bytes_say_the_type(head: bytes, expected: MediaType) -> None:
    assert sniff(head) is expected
    assert sniff(head.ljust(SNIFF_BYTES, b"\0")[:SNIFF_BYTES]) is expected


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"hevc", b"msf1"])
def test_a_heic_photo_is_refused_with_its_own_code(brand: bytes) -> None:
    with pytest.raises(HeicError) as refused:
        sniff(b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00mif1heic")
    assert refused.value.code == "heic_not_accepted"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"GIF89a",
        b"BM",
        b"II*\x00",
        b"<svg xmlns=",
        b"PK\x03\x04",
        b"RIFF\x00\x01\x00\x00WAVE",
        b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00",
        b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00",
        b"\n%PDF-1.7",
        b"GIF89a%PDF-1.7",
    ],
)
def test_what_is_not_on_the_list_is_refused(head: bytes) -> None:
    with pytest.raises(UnsupportedTypeError):
        sniff(head)


@given(st.binary(max_size=64))
def test_no_bytes_make_the_sniffer_raise_anything_else(head: bytes) -> None:
    try:
        found = sniff(head)
    except (UnsupportedTypeError, HeicError):
        return
    assert found in MediaType

"""The watermark: always there, never hiding; and the measure of metadata."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from verifier.sanitise.jpeg import encode_jpeg
from verifier.sanitise.pages import Page
from verifier.sanitise.segments import measure_metadata
from verifier.sanitise.watermark import FAINT_STEPS, drawable, watermark

_TEXT = "CASE-4711 | stf_abc | 2026-11-21 21:40 UTC"
_JPEG_NOISE = 12


def _page_of(colour: str | tuple[int, int, int], width: int = 600, height: int = 400) -> bytes:
    return encode_jpeg(Page(width, height, Image.new("RGB", (width, height), colour).tobytes()))


def _open(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


@pytest.mark.parametrize("colour", ["white", "black", "#808080", "#c03020"])
def test_no_pixel_of_the_page_gets_brighter_or_darker_by_more_than_a_few_steps(colour: str) -> None:
    jpeg = _page_of(colour)
    page, marked = _open(jpeg).convert("L"), _open(watermark(jpeg, _TEXT)).convert("L")
    difference = ImageChops.difference(page, marked.crop((0, 0, page.width, page.height)))
    _, most = difference.getextrema()
    assert isinstance(most, int | float)
    assert most <= FAINT_STEPS + _JPEG_NOISE
    assert ImageStat.Stat(difference).sum[0] > 0, "and yet the words are there"


@pytest.mark.parametrize("size", [(1, 1), (20, 3000), (3000, 20), (320, 200), (3000, 3000)])
def test_the_words_stand_in_a_band_below_the_page_whatever_its_size(size: tuple[int, int]) -> None:
    marked = _open(watermark(_page_of("white", *size), _TEXT))
    assert marked.width == max(size[0], 320)
    assert marked.height > size[1]
    band = marked.crop((0, size[1], marked.width, marked.height)).convert("L")
    darkest, lightest = band.getextrema()
    assert isinstance(darkest, int | float)
    assert isinstance(lightest, int | float)
    assert darkest < 90, "dark words"
    assert lightest > 200, "on a light band"


def test_a_long_text_is_wrapped_and_not_cut() -> None:
    short = _open(watermark(_page_of("white", 400, 50), "CASE-1"))
    long = _open(watermark(_page_of("white", 400, 50), "CASE-1 " * 25))
    assert long.height > short.height


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("CASE-4711", "CASE-4711"),
        ("Zoë Groß", "Zoe Gross"),
        ("Иван", "????"),
        ("漢字 x", "?? x"),
        ("a\nb\x00c", "a?b?c"),
        ("", "?"),
        ("\u202e", "?"),
    ],
)
def test_what_the_font_lacks_is_replaced(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


@pytest.mark.parametrize("text", ["", "\x00", "漢" * 500, "\U0001f600" * 10, "a" * 10_000, "\ud800"])
def test_no_text_breaks_the_watermark(text: str) -> None:
    assert measure_metadata(watermark(_page_of("white"), text)) == ()


def test_a_page_and_its_watermark_have_no_metadata() -> None:
    jpeg = _page_of("white")
    assert measure_metadata(jpeg) == ()
    assert measure_metadata(watermark(jpeg, _TEXT)) == ()


def test_every_kind_of_metadata_is_found() -> None:
    exif = Image.Exif()
    exif[0x010F] = "canary"
    encoded = io.BytesIO()
    Image.new("RGB", (9, 9)).save(
        encoded, "JPEG", exif=exif, icc_profile=b"icc", comment=b"words", xmp=b"<x:xmpmeta/>", dpi=(72, 72)
    )
    assert set(measure_metadata(encoded.getvalue())) == {"exif", "icc", "comment", "xmp"}


def test_an_unknown_segment_counts_as_metadata() -> None:
    jpeg = _page_of("white")
    assert measure_metadata(jpeg[:2] + b"\xff\xeb\x00\x06cany" + jpeg[2:]) == ("segment_eb",)
    thumbnail = b"\xff\xe0\x00\x13JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x01\x01abc"
    assert measure_metadata(jpeg[:2] + thumbnail + jpeg[2:]) == ("segment_e0",)


def test_bytes_after_the_end_and_bytes_that_are_no_jpeg_are_told() -> None:
    jpeg = _page_of("white")
    assert measure_metadata(jpeg + b"canary") == ("trailing",)
    assert measure_metadata(jpeg[:-2]) == ("malformed",)
    assert measure_metadata(b"") == ("malformed",)
    assert measure_metadata(b"%PDF-1.7") == ("malformed",)


def test_every_cut_of_a_jpeg_is_malformed() -> None:
    jpeg = _page_of("white", 8, 8)
    assert all("malformed" in measure_metadata(jpeg[:length]) for length in range(len(jpeg)))

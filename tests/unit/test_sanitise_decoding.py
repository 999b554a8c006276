"""What comes out of the decoder for documents made here: the right pixels, sizes, pages and findings."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from verifier.sanitise.decoder import Decoder, Limits, Page, Refusal, RefusedError
from verifier.sanitise.formats import MediaType
from verifier.sanitise.jpeg import encode_jpeg
from verifier.sanitise.pages import LONG_SIDE, MIB
from verifier.sanitise.segments import measure_metadata

LIMITS = Limits(max_pages=4)
_FORMATS = {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG", MediaType.WEBP: "WEBP"}
_PDF_POINTS_PER_INCH = 72


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


def _encode(picture: Image.Image, media_type: MediaType, **options: object) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, _FORMATS[media_type], **options)
    return encoded.getvalue()


def _decode(
    decoder: Decoder, data: bytes, media_type: MediaType, limits: Limits = LIMITS
) -> tuple[list[Image.Image], tuple[str, ...]]:
    pictures: list[Image.Image] = []

    def keep(number: int, page: Page) -> None:
        assert number == len(pictures) + 1
        assert measure_metadata(encode_jpeg(page)) == ()
        pictures.append(Image.frombytes("RGB", (page.width, page.height), page.rgb))

    findings = decoder.decode(data, media_type, limits, keep)
    return pictures, findings.kinds


def _refusal(decoder: Decoder, data: bytes, media_type: MediaType, limits: Limits = LIMITS) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        _decode(decoder, data, media_type, limits)
    assert refused.value.code == "document_refused"
    assert refused.value.facts == {"reason": refused.value.reason.value}
    return refused.value.reason


def _near(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int], *, by: int = 12) -> bool:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(a - b) <= by for a, b in zip(found, colour, strict=True))


def _corner_marked() -> Image.Image:
    """Blue, 96 x 64, with a red block in the upper left."""
    picture = Image.new("RGB", (96, 64), (0, 0, 255))
    ImageDraw.Draw(picture).rectangle((0, 0, 31, 31), (255, 0, 0))
    return picture


@pytest.mark.parametrize("media_type", list(_FORMATS))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_stands_upright(decoder: Decoder, media_type: MediaType, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = _corner_marked()
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    (picture,), kinds = _decode(decoder, _encode(stored, media_type, exif=exif), media_type)
    assert picture.size == (96, 64)
    assert _near(picture, (16, 16), (255, 0, 0), by=40)
    assert _near(picture, (80, 48), (0, 0, 255), by=40)
    assert kinds == ("exif",)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 255), (255, 0, 0)),
        ("RGBA", (0, 0, 0, 128), (127, 127, 127)),
        ("LA", (0, 0), (255, 255, 255)),
        ("L", 100, (100, 100, 100)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 0x8000, (128, 128, 128)),
    ],
)
def test_every_kind_of_png_becomes_plain_colours_on_white(
    decoder: Decoder, mode: str, colour: int | tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    data = _encode(Image.new(mode, (20, 10), colour), MediaType.PNG)
    (picture,), _ = _decode(decoder, data, MediaType.PNG)
    assert picture.size == (20, 10)
    assert _near(picture, (10, 5), expected, by=2)


def test_a_palette_with_transparency_is_laid_on_white(decoder: Decoder) -> None:
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((4, 4), 1)
    (page,), _ = _decode(decoder, _encode(picture, MediaType.PNG, transparency=0), MediaType.PNG)
    assert _near(page, (0, 0), (255, 255, 255), by=0)
    assert _near(page, (4, 4), (40, 50, 60), by=0)


def test_a_cmyk_jpeg_is_accepted(decoder: Decoder) -> None:
    data = _encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), MediaType.JPEG)
    (page,), _ = _decode(decoder, data, MediaType.JPEG)
    assert _near(page, (8, 8), (255, 0, 0), by=30)


@pytest.mark.parametrize("media_type", list(_FORMATS))
@pytest.mark.parametrize(
    ("size", "expected"),
    [((4000, 3000), (3000, 2250)), ((3000, 1), (3000, 1)), ((100, 6400), (47, 3000)), ((1, 1), (1, 1))],
)
def test_no_side_is_longer_than_a_page(
    decoder: Decoder, media_type: MediaType, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    (page,), _ = _decode(decoder, _encode(Image.new("RGB", size, "red"), media_type), media_type)
    assert page.size == expected
    assert max(page.size) <= LONG_SIDE


def test_a_jpeg_far_larger_than_a_page_is_decoded_smaller_within_little_memory(decoder: Decoder) -> None:
    data = _encode(Image.new("RGB", (12_000, 8_000), "red"), MediaType.JPEG)
    limits = Limits(max_pages=1, memory_bytes=160 * MIB)  # in full it would be 384 MB
    (page,), _ = _decode(decoder, data, MediaType.JPEG, limits)
    assert page.size == (3000, 2000)


def test_too_many_pixels_are_refused_before_they_are_decoded(decoder: Decoder) -> None:
    data = _encode(Image.new("1", (2000, 2000)), MediaType.PNG)
    limits = Limits(max_pages=1, max_pixels=3_999_999, memory_bytes=8 * MIB)
    assert _refusal(decoder, data, MediaType.PNG, limits) is Refusal.TOO_MANY_PIXELS
    enormous = _encode(Image.new("1", (20_000, 20_000)), MediaType.PNG)
    assert _refusal(decoder, enormous, MediaType.PNG, LIMITS) is Refusal.TOO_MANY_PIXELS
    exactly = Limits(max_pages=1, max_pixels=4_000_000)
    assert len(_decode(decoder, data, MediaType.PNG, exactly)[0]) == 1


def test_a_picture_that_needs_more_memory_than_its_limit_is_refused(decoder: Decoder) -> None:
    data = _encode(Image.new("RGB", (9000, 9000)), MediaType.PNG)
    limits = Limits(max_pages=1, memory_bytes=64 * MIB)
    assert _refusal(decoder, data, MediaType.PNG, limits) is Refusal.DECODER_MEMORY


def test_the_largest_picture_that_is_allowed_fits_into_the_memory_that_is_allowed(decoder: Decoder) -> None:
    data = _encode(Image.new("RGBA", (10_000, 10_000), (255, 0, 0, 255)), MediaType.PNG, compress_level=1)
    (page,), _ = _decode(decoder, data, MediaType.PNG, Limits(max_pages=1))
    assert page.size == (3000, 3000)
    assert _near(page, (1500, 1500), (255, 0, 0))


@pytest.mark.parametrize("media_type", list(_FORMATS))
def test_every_cut_is_refused_and_none_crashes(decoder: Decoder, media_type: MediaType) -> None:
    data = _encode(_corner_marked().resize((300, 200)), media_type)
    for length in range(32, len(data) - 16, max(1, len(data) // 25)):
        assert _refusal(decoder, data[:length], media_type) is Refusal.CORRUPT_IMAGE


@pytest.mark.parametrize("declared", list(MediaType))
def test_a_document_that_is_not_what_it_was_taken_for_is_refused(decoder: Decoder, declared: MediaType) -> None:
    for media_type in _FORMATS:
        if media_type is not declared:
            data = _encode(_corner_marked(), media_type)
            assert _refusal(decoder, data, declared) is Refusal.TYPE_DIFFERS
    assert _refusal(decoder, b"", declared) is Refusal.TYPE_DIFFERS
    assert _refusal(decoder, b"GIF89a", declared) is Refusal.TYPE_DIFFERS


def test_what_a_photo_would_have_told_is_found_and_none_of_it_goes_out(decoder: Decoder) -> None:
    exif = Image.Exif()
    exif[0x010F] = "canary-maker"
    exif.get_ifd(0x8769)[0xA431] = "canary-serial"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = _encode(
        _corner_marked(),
        MediaType.JPEG,
        exif=exif,
        icc_profile=profile,
        comment=b"canary-comment",
        xmp=b"<x:xmpmeta>canary-xmp</x:xmpmeta>",
    )
    assert b"canary-serial" in data
    encoded: list[bytes] = []
    findings = decoder.decode(data, MediaType.JPEG, LIMITS, lambda _number, page: encoded.append(encode_jpeg(page)))
    assert findings.kinds == ("exif", "gps", "serial_number", "xmp", "icc", "comment")
    assert b"canary" not in encoded[0]
    assert measure_metadata(encoded[0]) == ()


def test_text_in_a_png_is_found(decoder: Decoder) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "canary")
    _, kinds = _decode(decoder, _encode(_corner_marked(), MediaType.PNG, pnginfo=text), MediaType.PNG)
    assert kinds == ("comment",)


def test_broken_exif_does_not_cost_the_photo(decoder: Decoder) -> None:
    data = _encode(_corner_marked(), MediaType.JPEG, exif=b"Exif\0\0II*\0\xff\xff\xff\xff\xff\xff")
    (page,), kinds = _decode(decoder, data, MediaType.JPEG)
    assert page.size == (96, 64)
    assert kinds == ("exif",)


# --- PDF ------------------------------------------------------------------------------------------------------------


def _pdf(*contents: bytes, box: str = "0 0 72 144", catalog: bytes = b"", page: bytes = b"") -> bytes:
    """A PDF with one page for each of `contents`; PDFium finds the objects by itself."""
    kids = b" ".join(b"%d 0 R" % (10 + 2 * index) for index in range(len(contents)))
    parts = [
        b"%PDF-1.7",
        b"1 0 obj <</Type/Catalog /Pages 2 0 R " + catalog + b">> endobj",
        b"2 0 obj <</Type/Pages /Kids [" + kids + b"] /Count %d>> endobj" % len(contents),
    ]
    for index, content in enumerate(contents):
        number = 10 + 2 * index
        parts.append(
            b"%d 0 obj <</Type/Page /Parent 2 0 R /MediaBox [%b] /Contents %d 0 R %b>> endobj"
            % (number, box.encode(), number + 1, page)
        )
        parts.append(b"%d 0 obj <</Length %d>> stream\n%b\nendstream endobj" % (number + 1, len(content), content))
    return b"\n".join([*parts, b"trailer <</Root 1 0 R>>", b"%%EOF"])


_FILL = b"0 0 72 144 re f"


def test_each_page_of_a_pdf_comes_out_in_order_at_200_dots_per_inch(decoder: Decoder) -> None:
    data = _pdf(b"1 0 0 rg " + _FILL, b"0 1 0 rg " + _FILL, b"0 0 1 rg " + _FILL)
    pages, kinds = _decode(decoder, data, MediaType.PDF)
    assert [page.size for page in pages] == [(200, 400)] * 3
    for page, colour in zip(pages, [(255, 0, 0), (0, 255, 0), (0, 0, 255)], strict=True):
        assert _near(page, (100, 200), colour, by=0)
    assert kinds == ()


def test_memory_stays_flat_however_many_pages_there_are(decoder: Decoder) -> None:
    data = _pdf(*[_FILL] * 12, box="0 0 1080 1080")
    mapped: list[int] = []

    def count_sheets(_number: int, page: Page) -> None:
        assert (page.width, page.height) == (LONG_SIDE, LONG_SIDE)
        mapped.append(Path("/proc/self/maps").read_text(encoding="utf-8").count("memfd:sheet"))

    limits = Limits(max_pages=12, memory_bytes=96 * MIB)  # all twelve would be 324 MB
    decoder.decode(data, MediaType.PDF, limits, count_sheets)
    assert mapped == [1] * 12


@pytest.mark.parametrize("font", ["Helvetica", "Times-Roman", "Arial", "NotoSans", "DejaVuSans", "SimSun"])
def test_text_is_drawn_even_in_a_font_that_the_file_does_not_carry(decoder: Decoder, font: str) -> None:
    resources = b"/Resources <</Font <</F <</Type/Font /Subtype/TrueType /BaseFont/%b>>>>>>" % font.encode()
    (page,), _ = _decode(decoder, _pdf(b"BT /F 20 Tf 10 60 Td (Hello) Tj ET", page=resources), MediaType.PDF)
    dark = sum(page.convert("L").histogram()[:128])
    assert dark > 300


def test_an_empty_page_is_white(decoder: Decoder) -> None:
    (page,), _ = _decode(decoder, _pdf(b""), MediaType.PDF)
    assert page.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("box", ["0 0 14400 14400", "0 0 1 14400", "0 0 0.001 0.001", "0 0 1e9 1e9", "5 5 5 5"])
def test_a_page_of_any_size_fits_or_is_refused(decoder: Decoder, box: str) -> None:
    try:
        (page,), _ = _decode(decoder, _pdf(b"", box=box), MediaType.PDF)
    except RefusedError as refused:
        assert refused.reason is Refusal.CORRUPT_PDF  # noqa: PT017 -- either end is right, and each is looked at
        return
    assert max(page.size) <= LONG_SIDE


def test_more_pages_than_allowed_are_refused_before_the_first_goes_out(decoder: Decoder) -> None:
    data = _pdf(*[_FILL] * 5)
    seen: list[int] = []
    with pytest.raises(RefusedError) as refused:
        decoder.decode(data, MediaType.PDF, LIMITS, lambda number, _page: seen.append(number))
    assert refused.value.reason is Refusal.TOO_MANY_PAGES
    assert seen == []


def test_a_pdf_without_pages_is_refused(decoder: Decoder) -> None:
    catalog = b"%PDF-1.7\n1 0 obj <</Type/Catalog /Pages 2 0 R>> endobj\n"
    pages = b"2 0 obj <</Type/Pages /Kids [] /Count 0>> endobj\n"
    table = b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n%010d 00000 n \n" % len(catalog)
    trailer = b"trailer <</Root 1 0 R /Size 3>>\nstartxref\n%d\n%%%%EOF" % len(catalog + pages)
    assert _refusal(decoder, catalog + pages + table + trailer, MediaType.PDF) is Refusal.NO_PAGES


@pytest.mark.parametrize("rest", [b"", b"\n", b"1.7\n" + bytes(1000), b"1.7\ntrailer <</Root 1 0 R>>"])
def test_a_pdf_that_is_none_is_refused(decoder: Decoder, rest: bytes) -> None:
    assert _refusal(decoder, b"%PDF-" + rest, MediaType.PDF) in {Refusal.CORRUPT_PDF, Refusal.NO_PAGES}


def test_what_is_active_in_a_pdf_is_found(decoder: Decoder) -> None:
    script = b"/OpenAction <</S/JavaScript /JS (app.alert(1))>>"
    link = b"/Annots [<</Type/Annot /Subtype/Link /Rect [0 0 72 72] /A <</S/URI /URI (http://localhost/)>>>>]"
    _, kinds = _decode(decoder, _pdf(_FILL, catalog=script, page=link), MediaType.PDF)
    assert kinds == ("pdf_javascript", "pdf_links")

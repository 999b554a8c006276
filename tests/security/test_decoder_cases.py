"""Inputs that others wrote, through the real decoder: each is refused in words or becomes fresh pages, and no more."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from verifier.sanitise.decoder import Decoder, Limits, Page, Refusal, RefusedError
from verifier.sanitise.errors import HeicError, UnsupportedTypeError
from verifier.sanitise.formats import SNIFF_BYTES, MediaType, sniff
from verifier.sanitise.jpeg import encode_jpeg
from verifier.sanitise.segments import measure_metadata

pytestmark = pytest.mark.cases

LIMITS = Limits(max_pages=20)
_NO_CASES = {"SOURCE.txt", "LICENSE", "tiff__README"}
_THE_DECODERS_OWN = {Refusal.DECODER_CRASHED, Refusal.DECODER_TIMEOUT, Refusal.DECODER_MEMORY, Refusal.TYPE_DIFFERS}


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


def _outcome(decoder: Decoder, path: Path, on_page: Callable[[bytes], None]) -> str:
    """How one file ends, in one word: its type, or the code of its refusal."""
    data = path.read_bytes()

    def encode(_number: int, page: Page) -> None:
        on_page(encode_jpeg(page))

    try:
        media_type = sniff(data[:SNIFF_BYTES])
        decoder.decode(data, media_type, LIMITS, encode)
    except RefusedError as refused:
        return refused.reason.value
    except (UnsupportedTypeError, HeicError) as refused:
        return refused.code
    return media_type.value


def _pixels(decoder: Decoder, path: Path) -> list[tuple[int, int, bytes]]:
    pages: list[tuple[int, int, bytes]] = []

    def keep(_number: int, page: Page) -> None:
        pages.append((page.width, page.height, bytes(page.rgb)))

    decoder.decode(path.read_bytes(), MediaType.JPEG, LIMITS, keep)
    return pages


def _cases(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in _NO_CASES)


def _is_fresh(jpeg: bytes) -> None:
    """One plain JPEG: no metadata, nothing after its end, and no other type than JPEG by its first bytes."""
    assert measure_metadata(jpeg) == ()
    assert sniff(jpeg[:SNIFF_BYTES]) is MediaType.JPEG
    Image.open(io.BytesIO(jpeg), formats=("JPEG",)).load()


@pytest.mark.parametrize(
    "folder", ["jpeg_afl", "pillow_hostile", "exif_privacy", "polyglots", "pdf_hostile", "pdf_benign"]
)
def test_every_case_ends_in_words_or_in_fresh_pages_and_the_parent_lives(
    decoder: Decoder, cases_dir: Path, folder: str
) -> None:
    parent = decoder._parent
    outcomes = Counter(_outcome(decoder, path, _is_fresh) for path in _cases(cases_dir / folder))
    assert outcomes, "an empty folder would prove nothing"
    assert not _THE_DECODERS_OWN & set(outcomes), f"no case gets as far as the walls: {outcomes}"
    assert decoder._parent is parent
    assert parent.is_alive()


def test_ordinary_pdfs_are_accepted_and_the_one_with_a_password_is_not(decoder: Decoder, cases_dir: Path) -> None:
    pages: list[bytes] = []
    outcomes = {path.name: _outcome(decoder, path, pages.append) for path in _cases(cases_dir / "pdf_benign")}
    refused = {name: outcome for name, outcome in outcomes.items() if outcome != "application/pdf"}
    assert refused == {"005-libreoffice-writer-password__libreoffice-writer-password.pdf": Refusal.PROTECTED_PDF.value}
    blank = [page for page in pages if Image.open(io.BytesIO(page)).convert("L").getextrema() == (255, 255)]
    assert len(blank) < len(pages) / 10, "and they are not empty"


def test_what_a_filled_form_shows_is_shown(decoder: Decoder, cases_dir: Path) -> None:
    pages: list[bytes] = []
    path = cases_dir / "pdf_benign" / "012-libreoffice-form__libreoffice-form.pdf"
    assert _outcome(decoder, path, pages.append) == "application/pdf"
    darkest, _ = Image.open(io.BytesIO(pages[0])).convert("L").getextrema()
    assert isinstance(darkest, int | float)
    assert darkest < 128


def test_a_photos_orientation_is_applied_as_pillow_would(decoder: Decoder, cases_dir: Path) -> None:
    tried = 0
    for path in sorted((cases_dir / "exif_privacy").glob("jpg__orientation__*.jpg")):
        upright = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        assert _pixels(decoder, path) == [(upright.width, upright.height, upright.tobytes())], path.name
        tried += 1
    assert tried >= 8


def test_photos_with_metadata_keep_none_of_it(decoder: Decoder, cases_dir: Path) -> None:
    carried = 0
    for path in _cases(cases_dir / "exif_privacy"):
        data = path.read_bytes()
        if not data.startswith(b"\xff\xd8\xff"):
            continue
        carried += bool(measure_metadata(data))
        pages: list[bytes] = []
        _outcome(decoder, path, pages.append)
        assert [measure_metadata(page) for page in pages] == [()] * len(pages)
    assert carried >= 30, "these photos did carry metadata"


def test_a_polyglot_comes_out_as_the_one_type_that_its_first_bytes_say(decoder: Decoder, cases_dir: Path) -> None:
    second_types = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"CD001", b"%PDF-")
    came_out = 0
    for path in _cases(cases_dir / "polyglots"):
        pages: list[bytes] = []
        _outcome(decoder, path, pages.append)
        for page in pages:
            assert not any(magic in page for magic in second_types)
            came_out += 1
    assert came_out >= 10

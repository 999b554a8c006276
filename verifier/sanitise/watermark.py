"""Marks a page with who sees it, without hiding any of it.

The words stand in a band that is added below the page, and very faintly, again and again, across it. What is under the
faint ones stays readable, because no pixel gets brighter or darker by more than `FAINT_STEPS` of 255. Works on our own
page images only (`encode_jpeg`), in the colours that JPEG stores, so that it costs little more than a copy.
"""

import io
import unicodedata
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from verifier.sanitise.jpeg import QUALITY
from verifier.sanitise.segments import measure_metadata

__all__ = ["drawable", "measure_metadata", "watermark"]

FAINT_STEPS: Final = 16

_LEAST_WIDTH: Final = 320  # a narrower page stands on a wider band
_LONGEST_TEXT: Final = 200
_REPLACEMENT: Final = "?"
_NO_CHARACTER: Final = "\uffff"  # never assigned, so it is drawn as the font's sign for what it lacks
_SLANT_DEGREES: Final = 30

# Brightness and two neutral colours, as JPEG stores them.
_WHITE: Final = (255, 128, 128)
_BAND: Final = (235, 128, 128)
_BLACK: Final = (0, 128, 128)


def watermark(jpeg: bytes, text: str) -> bytes:
    """The page with `text` below it and faintly across it."""
    page = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
    page.draft("YCbCr", page.size)
    words = drawable(text)
    band = _draw_band(words, max(page.width, _LEAST_WIDTH))
    marked = Image.new("YCbCr", (band.width, page.height + band.height), _WHITE)
    marked.paste(page.convert("YCbCr"))
    _lay_across(marked, words, page.size)
    marked.paste(band, (0, page.height))
    encoded = io.BytesIO()
    marked.save(encoded, "JPEG", quality=QUALITY)
    return encoded.getvalue()


def drawable(text: str) -> str:
    """`text` in characters that Pillow's own font has: accents go, what is left over becomes a question mark."""
    decomposed = unicodedata.normalize("NFKD", text[:_LONGEST_TEXT].replace("ß", "ss").replace("·", "-"))
    kept = (character for character in decomposed if not unicodedata.combining(character))
    return "".join(character if _has_glyph(character) else _REPLACEMENT for character in kept).strip() or _REPLACEMENT


@lru_cache(maxsize=1024)
def _has_glyph(character: str) -> bool:
    if character == " ":
        return True
    font = _font(16)
    missing, drawn = font.getmask(_NO_CHARACTER), font.getmask(character)
    return drawn.getbbox() is not None and (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _font_for(width: int) -> ImageFont.FreeTypeFont:
    """Large enough to read on a page of this width; few sizes, so that they stay at hand."""
    return _font(max(14, min(36, width // 80 // 2 * 2)))


def _draw_band(words: str, width: int) -> Image.Image:
    font = _font_for(width)
    padding = int(font.size) // 2
    lines = _wrap(words, font, width - 2 * padding)
    height = round(font.size * 1.3)
    band = Image.new("YCbCr", (width, len(lines) * height + padding), _BAND)
    draw = ImageDraw.Draw(band)
    for number, line in enumerate(lines):
        draw.text((padding, padding // 2 + number * height), line, _BLACK, font)
    return band


def _wrap(words: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines no wider than `width`, broken anywhere: every character must be there, no line need be beautiful."""
    lines, rest = [], words
    while rest:
        length = len(rest)
        while length > 1 and font.getlength(rest[:length]) > width:
            length -= 1
        lines.append(rest[:length])
        rest = rest[length:]
    return lines


def _lay_across(marked: Image.Image, words: str, size: tuple[int, int]) -> None:
    """Draw the words on the page, dark with a light edge: the one shows on white, the other on black."""
    (width, height), pieces = _faint_pieces(words, int(_font_for(size[0]).size * 1.5))
    for row, top in enumerate(range(0, size[1], height + height // 3)):
        shift = (row % 2) * width // 2
        for left in range(-shift, size[0], width + width // 8):
            for x, y, mask in pieces:
                marked.paste(_WHITE, (left + x + 1, top + y + 1), mask)
                marked.paste(_BLACK, (left + x, top + y), mask)


@lru_cache(maxsize=8)
def _faint_pieces(words: str, size: int) -> tuple[tuple[int, int], tuple[tuple[int, int, Image.Image], ...]]:
    """The words, slanted, as masks that let through `FAINT_STEPS` of 255; and the size of them all.

    Cut into upright slices, each no higher than its letters: most of the square around slanted words is empty.
    """
    font = _font(size)
    left, top, right, bottom = font.getbbox(words)
    straight = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(straight).text((1 - left, 1 - top), words, FAINT_STEPS, font)
    slanted = straight.rotate(_SLANT_DEGREES, Image.Resampling.BILINEAR, expand=True)
    pieces = []
    for x in range(0, slanted.width, size):
        piece = slanted.crop((x, 0, min(x + size, slanted.width), slanted.height))
        box = piece.getbbox()
        if box is not None:
            pieces.append((x + box[0], box[1], piece.crop(box)))
    return slanted.size, tuple(pieces)

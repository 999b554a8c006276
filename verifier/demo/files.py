"""The demo's own files: a photo of an old wallet's screen as a phone takes it, and a PDF of two pages. Nobody's data.

Guarantees: the photo has 12 megapixels and tells what photos tell (place, serial number, an embedded thumbnail), so
that there is something to remove.
"""

import io
import struct
from functools import cache
from typing import Final

from PIL import ExifTags, Image, ImageChops, ImageDraw, ImageFont

PHOTO_SIZE: Final = (4000, 3000)
NAME: Final = "Erika Example"
SERIAL_NUMBER: Final = "VERIFIER-DEMO-0042"

_PAGE_SIZE: Final = (1240, 1754)  # A4 at 150 dpi
_THUMBNAIL_SIZE: Final = (160, 120)
_TABLE, _CARD, _INK, _BAND = (88, 74, 62), (226, 234, 240), (32, 40, 54), (52, 96, 140)
_NOISE: Final = 22.0
_LONG, _SHORT = 4, 3


@cache
def make_photo() -> bytes:
    """A JPEG of 4000 × 3000 pixels, about 4 MB, with the metadata of a phone."""
    scene = Image.new("RGB", PHOTO_SIZE, _TABLE)
    draw = ImageDraw.Draw(scene)
    draw.rounded_rectangle((460, 540, 3540, 2460), radius=110, fill=_CARD)
    draw.rounded_rectangle((460, 540, 3540, 800), radius=110, fill=_BAND)
    draw.text((600, 590), "OLD WALLET", font=_font(150), fill=_CARD)
    for cell in range(64):  # something like a QR code
        left, top = 600 + cell % 8 * 100, 960 + cell // 8 * 100
        draw.rectangle((left, top, left + 90, top + 90), fill=_INK if (cell * 37) % 5 < 3 else _CARD)
    lines = (("Sent", "0.25 ETH"), ("On", "2026-11-02"), ("To", "0x5290 … 9EE7"), ("Hash", "0x5c50 … 2060"))
    for row, (label, value) in enumerate(lines):
        draw.text((1560, 960 + row * 290), label, font=_font(70), fill=_BAND)
        draw.text((1560, 1040 + row * 290), value, font=_font(130), fill=_INK)
    noise = Image.effect_noise(PHOTO_SIZE, _NOISE).point(lambda level: max(0, level - 96)).convert("RGB")
    photo = ImageChops.subtract(ImageChops.add(scene, noise), Image.new("RGB", PHOTO_SIZE, (32, 32, 32)))
    written = io.BytesIO()
    photo.save(written, "JPEG", quality=88, exif=_phone_metadata(photo))
    return written.getvalue()


def make_pdf() -> bytes:
    """A PDF of two pages that names its author."""
    pages = [_page(f"Statement of an exchange, page {number}") for number in (1, 2)]
    written = io.BytesIO()
    pages[0].save(written, "PDF", save_all=True, append_images=pages[1:], resolution=150, title="Scan", author=NAME)
    return written.getvalue()


def _page(title: str) -> Image.Image:
    page = Image.new("RGB", _PAGE_SIZE, "white")
    draw = ImageDraw.Draw(page)
    draw.text((120, 140), title, font=_font(56), fill=_INK)
    for row in range(24):
        draw.text((120, 300 + row * 54), f"{row + 1:02d}  This page was made by the demo.", font=_font(30), fill=_INK)
    return page


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _phone_metadata(photo: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Verifier", "Demo phone"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = SERIAL_NUMBER
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (48.0, 51.0, 29.9)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (2.0, 17.0, 40.2)
    thumbnail = io.BytesIO()
    photo.resize(_THUMBNAIL_SIZE).save(thumbnail, "JPEG", quality=70)
    return _with_thumbnail(exif.tobytes(), thumbnail.getvalue())


def _with_thumbnail(exif: bytes, thumbnail: bytes) -> bytes:
    """Append the second directory, which holds the thumbnail (Exif 2.32, section 4.5.4): Pillow writes none."""
    head, tiff = exif[:6], bytearray(exif[6:])
    order = ">" if tiff.startswith(b"MM") else "<"
    first = struct.unpack_from(f"{order}I", tiff, 4)[0]
    entries = struct.unpack_from(f"{order}H", tiff, first)[0]
    second = len(tiff) + len(tiff) % 2
    struct.pack_into(f"{order}I", tiff, first + 2 + 12 * entries, second)
    tiff += b"\0" * (second - len(tiff))
    image_at = second + 2 + 3 * 12 + 4
    tiff += struct.pack(f"{order}H", 3)
    tiff += struct.pack(f"{order}HHIHH", 0x0103, _SHORT, 1, 6, 0)  # Compression: JPEG
    tiff += struct.pack(f"{order}HHII", 0x0201, _LONG, 1, image_at)  # JPEGInterchangeFormat
    tiff += struct.pack(f"{order}HHII", 0x0202, _LONG, 1, len(thumbnail))  # JPEGInterchangeFormatLength
    return head + bytes(tiff) + struct.pack(f"{order}I", 0) + thumbnail

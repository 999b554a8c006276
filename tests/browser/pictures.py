"""Pictures that customers send, as a phone takes them: an invented identity card, and a printed statement."""

import io
from functools import cache
from typing import Any, Final, Literal

from PIL import ExifTags, Image, ImageDraw, ImageFilter, ImageFont

NAME: Final = "Ada Example"
_SIZE: Final = (1600, 1200)
_TABLE, _CARD, _BAND, _INK, _SOFT = (120, 92, 70), (228, 235, 240), (38, 92, 120), (28, 38, 48), (96, 112, 124)

Side = Literal["front", "back"]


@cache
def draw_card(side: Side, *, width: int = _SIZE[0]) -> bytes:
    """A JPEG of one side of the card, which says where it was taken; covered is what may be covered."""
    scene = Image.effect_noise(_SIZE, 40).convert("RGB").filter(ImageFilter.GaussianBlur(3))
    scene = Image.blend(scene, Image.new("RGB", _SIZE, _TABLE), 0.8)
    card = Image.new("RGB", (1280, 808), _CARD)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 1280, 120), fill=_BAND)
    draw.text((50, 34), "SPECIMEN REPUBLIC", font=_font(52), fill=_CARD)
    (_front if side == "front" else _back)(draw)
    mask = Image.new("L", card.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 1279, 807), radius=44, fill=255)
    tilt = 1.6 if side == "front" else -1.1
    turned, edge = card.rotate(tilt, expand=True, resample=Image.Resampling.BICUBIC), mask.rotate(tilt, expand=True)
    scene.paste(turned, ((_SIZE[0] - turned.width) // 2, (_SIZE[1] - turned.height) // 2), edge)
    out = io.BytesIO()
    scene.resize((width, width * _SIZE[1] // _SIZE[0])).save(out, "JPEG", quality=86, exif=_place())
    return out.getvalue()


@cache
def draw_statement(rows: tuple[tuple[str, str], ...]) -> bytes:
    """A JPEG of a sheet with these labels and values, which says where it was taken; the rest of it is covered."""
    scene = Image.effect_noise(_SIZE, 40).convert("RGB").filter(ImageFilter.GaussianBlur(3))
    scene = Image.blend(scene, Image.new("RGB", _SIZE, _TABLE), 0.8)
    sheet = Image.new("RGB", (1420, 1040), (250, 249, 245))
    draw = ImageDraw.Draw(sheet)
    draw.text((70, 60), "SPECIMEN EXCHANGE", font=_font(52), fill=_BAND)
    draw.text((70, 130), "Statement of one transaction", font=_font(38), fill=_SOFT)
    for row, (label, value) in enumerate(rows):
        draw.text((70, 230 + row * 118), label, font=_font(32), fill=_SOFT)
        draw.text((70, 268 + row * 118), value, font=_font(44), fill=_INK)
    for row in range(3):
        top = 250 + len(rows) * 118 + row * 84
        draw.rectangle((70, top, 1350, top + 54), fill=(64, 70, 76))
    turned = sheet.rotate(0.7, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=_TABLE)
    scene.paste(turned, ((_SIZE[0] - turned.width) // 2, (_SIZE[1] - turned.height) // 2))
    out = io.BytesIO()
    scene.save(out, "JPEG", quality=86, exif=_place())
    return out.getvalue()


def a_file(name: str, content: bytes, media_type: str = "image/jpeg") -> Any:
    """As a file field takes it."""
    return {"name": name, "mimeType": media_type, "buffer": content}


def card_file(side: Side) -> Any:
    return a_file(f"{side}.jpg", draw_card(side))


def _front(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((60, 190, 420, 660), fill=(64, 70, 76))
    draw.text((138, 400), "covered", font=_font(56), fill=_CARD)
    lines = (("Name", NAME), ("Date of birth", "29 FEB 1988"), ("Valid until", "31 DEC 2031"))
    for row, (label, value) in enumerate(lines):
        draw.text((500, 190 + row * 160), label, font=_font(36), fill=_SOFT)
        draw.text((500, 232 + row * 160), value, font=_font(68), fill=_INK)


def _back(draw: ImageDraw.ImageDraw) -> None:
    draw.text((60, 180), "Identity card", font=_font(60), fill=_INK)
    draw.text((60, 280), "This card belongs to the Specimen Republic.", font=_font(36), fill=_SOFT)
    for row in range(3):
        draw.rectangle((60, 480 + row * 90, 1220, 540 + row * 90), fill=(64, 70, 76))


def _place() -> Image.Exif:
    exif = Image.Exif()
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (48.0, 51.0, 29.9)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (2.0, 17.0, 40.2)
    return exif


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)

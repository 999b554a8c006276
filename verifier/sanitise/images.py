"""JPEG, PNG and WebP to plain pixels. Runs in the child only.

Orientation is applied, transparency is laid on white, the first picture of an animation counts. Colour profiles are
left out: a page must be readable, not true in colour, and a profile is one more parser.
"""

import io
import re
import warnings
from collections.abc import Iterator
from typing import Final

from PIL import ExifTags, Image, ImageFile, MpoImagePlugin, WebPImagePlugin

from verifier.sanitise.errors import Refusal, RefusedError
from verifier.sanitise.findings import Trace
from verifier.sanitise.formats import MediaType
from verifier.sanitise.pages import Limits, fit
from verifier.sanitise.sheets import Sheets

_PLUGINS: Final = {MediaType.JPEG: ("JPEG",), MediaType.PNG: ("PNG",), MediaType.WEBP: ("WEBP",)}
_LOADED_ON_DEMAND: Final = (MpoImagePlugin, WebPImagePlugin)  # Pillow would look for these on the closed file system

# EXIF 2.32, tag 0x0112: what to do with the stored picture so that it stands upright.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING: Final = frozenset({5, 6, 7, 8})  # width and height change places
_SERIAL_TAGS: Final = (0xA431, 0xA435)  # of the body, of the lens
_CAMERA_SERIAL_TAG: Final = 0xC62F
_THUMBNAIL_TAG: Final = 0x0201
_IPTC_RESOURCE: Final = 0x0404
_RESIZABLE: Final = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"})
_ROWS_AT_ONCE: Final = 64


def decode_image(data: bytes, media_type: MediaType, limits: Limits, sheets: Sheets) -> None:
    """Send the picture as one page. Raise `RefusedError` where it cannot be read whole."""
    picture = _open(data, media_type, limits)
    if media_type is MediaType.PNG:  # whose metadata may stand behind the pixels
        _load(picture)
    orientation, traces = _read_exif(picture)
    size = fit(*picture.size)
    if orientation in _LYING:
        size = size[1], size[0]
    sheets.announce(1)
    sheets.request(*size)
    _load(picture)
    traces |= _find_segments(picture)
    page = _to_page(picture)
    if orientation in _UPRIGHT:
        page = page.transpose(_UPRIGHT[orientation])
    if page.size != size:
        raise RefusedError(Refusal.CORRUPT_IMAGE)
    with sheets.sheet(*size) as sheet:
        for rows in _rows(page):
            sheet.write(rows)
    sheets.finish(traces)


def _open(data: bytes, media_type: MediaType, limits: Limits) -> ImageFile.ImageFile:
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=_PLUGINS[media_type])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedError(Refusal.TOO_MANY_PIXELS) from error
    picture.draft(None, fit(*picture.size))  # a JPEG much larger than a page is decoded smaller, which is cheaper
    return picture


def _load(picture: ImageFile.ImageFile) -> None:
    try:
        picture.load()
    except Image.DecompressionBombError as error:
        raise RefusedError(Refusal.TOO_MANY_PIXELS) from error


def _to_page(picture: Image.Image) -> Image.Image:
    """The picture at its page's size, as RGB. It is made smaller first, so that a large one is copied once at most."""
    if picture.mode.startswith("I"):  # 16 bits of grey: keep the upper 8
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif picture.mode not in _RESIZABLE or "transparency" in picture.info:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    size = fit(*picture.size)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    page = Image.new("RGB", picture.size, "white")
    page.paste(picture, mask=picture.getchannel("A"))
    return page


def _rows(page: Image.Image) -> Iterator[bytes]:
    """The page's pixels, some rows at a time, so that no second whole page stands in memory."""
    for top in range(0, page.height, _ROWS_AT_ONCE):
        yield page.crop((0, top, page.width, min(top + _ROWS_AT_ONCE, page.height))).tobytes()


def _read_exif(picture: ImageFile.ImageFile) -> tuple[int | None, set[Trace]]:
    """The orientation, and what kinds of EXIF there are. Broken EXIF is EXIF, and says nothing more."""
    traces = set()
    if "exif" in picture.info or "Raw profile type exif" in picture.info:
        traces.add(Trace.EXIF)
    orientation = None
    try:
        exif = picture.getexif()
        orientation = exif.get(ExifTags.Base.Orientation)
        traces |= _find_in_exif(exif)
    except Exception:  # noqa: BLE001 -- whatever broken EXIF makes the parser raise, the picture itself is whole
        return orientation, traces
    return orientation, traces


def _find_in_exif(exif: Image.Exif) -> set[Trace]:
    traces = set()
    if exif.get_ifd(ExifTags.IFD.GPSInfo):
        traces.add(Trace.GPS)
    details = exif.get_ifd(ExifTags.IFD.Exif)
    if _CAMERA_SERIAL_TAG in exif or any(tag in details for tag in _SERIAL_TAGS):
        traces.add(Trace.SERIAL_NUMBER)
    if _THUMBNAIL_TAG in exif.get_ifd(ExifTags.IFD.IFD1):
        traces.add(Trace.THUMBNAIL)
    return traces


def _find_segments(picture: ImageFile.ImageFile) -> set[Trace]:
    info = picture.info
    traces = set()
    if "xmp" in info or "XML:com.adobe.xmp" in info:
        traces.add(Trace.XMP)
    if "icc_profile" in info:
        traces.add(Trace.ICC)
    resources = info.get("photoshop")
    if (isinstance(resources, dict) and _IPTC_RESOURCE in resources) or "Raw profile type iptc" in info:
        traces.add(Trace.IPTC)
    if info.get("comment") or any(not re.match(r"XML:|Raw profile", key) for key in getattr(picture, "text", ())):
        traces.add(Trace.COMMENT)
    return traces

"""The allow list of types, told from the first bytes alone.

A file name or a declared content type is never asked. A file that is two types at once counts as the one that its
first bytes say, and nothing else of it survives, because the output is made from pixels.
"""

from enum import StrEnum
from typing import Final

from verifier.sanitise.errors import HeicError, UnsupportedTypeError

SNIFF_BYTES: Final = 32
"""So many first bytes are enough for `sniff`."""


class MediaType(StrEnum):
    """What may be uploaded. The order is the wire's numbering: new types go to the end."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"


# Brands of ISO/IEC 23008-12 (HEIF) and its HEVC profiles. Phones write `heic` or `mif1`.
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)


def sniff(head: bytes) -> MediaType:
    """The type of the file that begins with `head`; raise `HeicError` or `UnsupportedTypeError` for any other."""
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return MediaType.WEBP
    if head.startswith(b"%PDF-"):
        return MediaType.PDF
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        raise HeicError
    raise UnsupportedTypeError

"""What the child does with one document: look at its type again, decode it, and turn every failure into one refusal."""

from typing import Final

from verifier.sanitise.errors import HeicError, Refusal, RefusedError, UnsupportedTypeError
from verifier.sanitise.formats import SNIFF_BYTES, MediaType, sniff
from verifier.sanitise.images import decode_image
from verifier.sanitise.pdfs import decode_pdf
from verifier.sanitise.sheets import Sheets
from verifier.sanitise.wire import Request

_CORRUPT: Final = {
    MediaType.JPEG: Refusal.CORRUPT_IMAGE,
    MediaType.PNG: Refusal.CORRUPT_IMAGE,
    MediaType.WEBP: Refusal.CORRUPT_IMAGE,
    MediaType.PDF: Refusal.CORRUPT_PDF,
}


def decode_document(data: bytes, request: Request, sheets: Sheets) -> None:
    """Send the pages of `data`, or the reason why there are none."""
    try:
        _decode(data, request, sheets)
    except RefusedError as refused:
        sheets.refuse(refused.reason)
    except MemoryError:
        sheets.refuse(Refusal.DECODER_MEMORY)
    except Exception:  # noqa: BLE001 -- decoders raise whatever they like on bytes that they cannot read
        sheets.refuse(_CORRUPT[request.media_type])


def _decode(data: bytes, request: Request, sheets: Sheets) -> None:
    if _find_type(data) is not request.media_type:
        raise RefusedError(Refusal.TYPE_DIFFERS)
    if request.media_type is MediaType.PDF:
        decode_pdf(data, request.limits, sheets)
    else:
        decode_image(data, request.media_type, request.limits, sheets)


def _find_type(data: bytes) -> MediaType | None:
    try:
        return sniff(data[:SNIFF_BYTES])
    except (UnsupportedTypeError, HeicError):
        return None

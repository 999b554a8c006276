"""One tiny document of each type, made here and decoded once, so that everything a child will need is loaded.

A child cannot open files: whatever a library loads on first use must have been used before.
"""

import io
import mmap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from PIL import Image

from verifier.sanitise.errors import Refusal
from verifier.sanitise.findings import Trace
from verifier.sanitise.formats import MediaType
from verifier.sanitise.pages import BYTES_PER_PIXEL, Limits
from verifier.sanitise.sheets import Sheets
from verifier.sanitise.wire import Request

_PDF: Final = b"""%PDF-1.4
1 0 obj <</Type/Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type/Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type/Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources <</Font <</F 5 0 R>>>>>> endobj
4 0 obj <</Length 27>> stream
BT /F 9 Tf 0 0 Td (a) Tj ET
endstream endobj
5 0 obj <</Type/Font /Subtype/Type1 /BaseFont/Helvetica>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""
_LIMITS: Final = Limits(max_pages=1)


class ColdError(Exception):
    """A decoder could not read our own sample: this installation cannot decode."""


class _Discarded(Sheets):
    """Sheets that nobody will look at."""

    def __init__(self) -> None:
        """Nothing to say it to."""

    def announce(self, pages: int) -> None:
        """Nobody counts."""

    def request(self, width: int, height: int) -> None:
        """Made when it is used."""

    @contextmanager
    def sheet(self, width: int, height: int) -> Iterator[mmap.mmap]:
        yield mmap.mmap(-1, width * height * BYTES_PER_PIXEL)

    def finish(self, traces: Iterable[Trace]) -> None:
        """Nobody asks."""

    def refuse(self, reason: Refusal) -> None:
        raise ColdError(reason)


def warm_up(job: Callable[[bytes, Request, Sheets], None]) -> None:
    """Do `job` with each sample; raise `ColdError` if one is refused."""
    for media_type, data in _samples():
        job(data, Request(media_type, _LIMITS), _Discarded())


def _samples() -> Iterator[tuple[MediaType, bytes]]:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N"}
    for media_type, name, mode in (
        (MediaType.JPEG, "JPEG", "RGB"),
        (MediaType.PNG, "PNG", "RGBA"),
        (MediaType.WEBP, "WEBP", "RGBA"),
    ):
        encoded = io.BytesIO()
        Image.new(mode, (9, 9)).save(encoded, name, exif=exif)
        yield media_type, encoded.getvalue()
    yield MediaType.PDF, _PDF

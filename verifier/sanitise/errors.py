"""What this room refuses, in closed words.

A `RefusedError` is about one document and is final: trying again gives the same. A `DecoderUnavailableError` is about
the machine: the document was not tried, and waits.
"""

from enum import StrEnum
from typing import ClassVar, Final

from verifier.errors import VerifierError


class Refusal(StrEnum):
    """Why one document could not be read. The order is the wire's numbering: new words go to the end."""

    CORRUPT_IMAGE = "corrupt_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    PROTECTED_PDF = "protected_pdf"
    CORRUPT_PDF = "corrupt_pdf"
    TOO_MANY_PAGES = "too_many_pages"
    NO_PAGES = "no_pages"
    TYPE_DIFFERS = "type_differs"
    DECODER_CRASHED = "decoder_crashed"
    DECODER_TIMEOUT = "decoder_timeout"
    DECODER_MEMORY = "decoder_memory"


class RefusedError(VerifierError):
    """This document cannot be shown; `reason` says why."""

    code: ClassVar[str] = "document_refused"

    def __init__(self, reason: Refusal) -> None:
        super().__init__({"reason": reason.value})
        self.reason: Final = reason


class UnsupportedTypeError(VerifierError):
    """The first bytes are of no type that we accept."""

    code: ClassVar[str] = "unsupported_type"


class HeicError(VerifierError):
    """The first bytes are HEIC, which has a next step of its own: send the photo as JPEG."""

    code: ClassVar[str] = "heic_not_accepted"


class DecoderUnavailableError(VerifierError):
    """The decoder or its sandbox cannot start on this machine. Nothing is known about the document."""

    code: ClassVar[str] = "decoder_unavailable"

"""What kinds of metadata a document carried, as closed words.

Only kinds are ever told, never values: they go to the page of the customer and into logs. Nothing found here is needed
to remove it, since the output is made from pixels; it is shown so that people see what their file would have told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Trace(StrEnum):
    """One kind of metadata. The order is the wire's numbering: new words go to the end."""

    EXIF = "exif"
    GPS = "gps"
    SERIAL_NUMBER = "serial_number"
    THUMBNAIL = "thumbnail"
    XMP = "xmp"
    ICC = "icc"
    IPTC = "iptc"
    COMMENT = "comment"
    PDF_JAVASCRIPT = "pdf_javascript"
    PDF_ATTACHMENTS = "pdf_attachments"
    PDF_LINKS = "pdf_links"
    PDF_FORMS = "pdf_forms"
    PDF_METADATA = "pdf_metadata"


_ORDER = tuple(Trace)


@dataclass(frozen=True)
class Findings:
    """The kinds that were found, in the order of `Trace`."""

    kinds: tuple[str, ...]


def pack_traces(traces: Iterable[Trace]) -> int:
    """The traces as bits, for the wire."""
    return sum({1 << _ORDER.index(trace) for trace in traces})


def parse_findings(bits: int) -> Findings:
    """The findings in `bits`, which an untrusted child sent; raise `ValueError` on a bit that means nothing."""
    if bits >> len(_ORDER):
        raise ValueError("a bit outside the closed list")
    return Findings(tuple(trace.value for index, trace in enumerate(_ORDER) if bits >> index & 1))

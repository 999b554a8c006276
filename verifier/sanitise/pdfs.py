"""PDF to plain pixels, page by page. Runs in the child only: PDFium has global state and no threads.

No form environment is ever started, so nothing in a document can run, submit or fetch; what a form shows is drawn from
the appearance that the file carries. Fonts that a file doesn't carry are replaced by PDFium's own, since the child
sees no files. A file that needs a password to open is refused; one that only asks not to be printed opens, as in any
reader.
"""

import ctypes
import math
import mmap
from typing import Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from verifier.sanitise.errors import Refusal, RefusedError
from verifier.sanitise.findings import Trace
from verifier.sanitise.pages import BYTES_PER_PIXEL, Limits, fit
from verifier.sanitise.sheets import Sheets

_DOTS_PER_POINT: Final = 200 / 72
_WHITE: Final = 0xFFFFFFFF


def decode_pdf(data: bytes, limits: Limits, sheets: Sheets) -> None:
    """Send every page. Raise `RefusedError` where the document cannot be read whole."""
    document = _open(data)
    count = len(document)
    if count < 1:
        raise RefusedError(Refusal.NO_PAGES)
    if count > limits.max_pages:
        raise RefusedError(Refusal.TOO_MANY_PAGES)
    traces = _find_in_document(document, data)
    sheets.announce(count)
    for index in range(count):
        page = document[index]
        traces |= _find_in_page(page)
        _send_page(page, sheets)
        page.close()
    sheets.finish(traces)


def _open(data: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            raise RefusedError(Refusal.PROTECTED_PDF) from error
        if error.err_code == pdfium.FPDF_ERR_SUCCESS:  # it opened, and there is nothing in it
            raise RefusedError(Refusal.NO_PAGES) from error
        raise


def _send_page(page: pypdfium2.PdfPage, sheets: Sheets) -> None:
    width, height = page.get_size()
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        raise RefusedError(Refusal.CORRUPT_PDF)
    size = fit(width, height, scale=_DOTS_PER_POINT)
    sheets.request(*size)
    with sheets.sheet(*size) as sheet:
        _draw(page, sheet, *size)


def _draw(page: pypdfium2.PdfPage, sheet: mmap.mmap, width: int, height: int) -> None:
    """Render straight onto the sheet, without a copy."""
    pixels = (ctypes.c_ubyte * len(sheet)).from_buffer(sheet)
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_BGR, pixels, width * BYTES_PER_PIXEL)
    if not bitmap:
        raise MemoryError
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, _WHITE)
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)


def _find_in_document(document: pypdfium2.PdfDocument, data: bytes) -> set[Trace]:
    traces = set()
    # Scripts also hang on pages, links and fields, which PDFium doesn't count: their names in the bytes are enough.
    if pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0 or b"/JavaScript" in data or b"/JS" in data:
        traces.add(Trace.PDF_JAVASCRIPT)
    if document.count_attachments() > 0:
        traces.add(Trace.PDF_ATTACHMENTS)
    if document.get_formtype() != pdfium.FORMTYPE_NONE:
        traces.add(Trace.PDF_FORMS)
    if any(document.get_metadata_dict().values()):
        traces.add(Trace.PDF_METADATA)
    return traces


def _find_in_page(page: pypdfium2.PdfPage) -> set[Trace]:
    position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    found = pdfium.FPDFLink_Enumerate(page, ctypes.byref(position), ctypes.byref(link))
    return {Trace.PDF_LINKS} if found else set()

"""Answers to what a customer sends: the upload, and the checking of the document."""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_, Answer

DOCUMENTS: Final[Mapping[str, Answer]] = {
    "unsupported_type": Answer(
        status=415,
        title=N_("We cannot take this type of file"),
        detail=N_("This file is not a JPEG, PNG or WebP picture or a PDF."),
        next_step=N_("Take a photo or a screenshot of the document and send that, or save it as PDF."),
    ),
    "heic_not_accepted": Answer(
        status=415,
        title=N_("We cannot take HEIC pictures"),
        detail=N_("This picture is in Apple's HEIC format, which we do not open."),
        next_step=N_(
            "On an iPhone or iPad, choose Take a photo on this page, or take a screenshot of the picture and send "
            "that. On a Mac, open it in Preview, choose File and Export, and pick JPEG."
        ),
    ),
    "empty_file": Answer(
        status=400,
        title=N_("This file is empty"),
        detail=N_("The file arrived, but there is nothing in it."),
        next_step=N_("Check that the file opens on your device, then choose it again."),
    ),
    "file_too_large": Answer(
        status=413,
        title=N_("This file is too large"),
        detail=N_("The file is larger than we may take for this document. Nothing of it was kept."),
        limit=N_("The limit is {megabytes} MB."),
        next_step=N_("Send a photo in normal quality instead of a scan, or save the PDF with fewer pages."),
    ),
    "upload_cut": Answer(
        status=400,
        title=N_("The upload was cut off"),
        detail=N_("The connection ended before the whole file had arrived. Nothing of it was kept."),
        next_step=N_("Send the file again. A steadier connection helps with large files."),
    ),
    "upload_too_slow": Answer(
        status=408,
        title=N_("The upload took too long"),
        detail=N_("No more of the file arrived for a while, so we stopped waiting. Nothing of it was kept."),
        next_step=N_("Send the file again, from a steadier connection if you can."),
    ),
    "malformed_multipart": Answer(
        status=400,
        title=N_("We could not read this upload"),
        detail=N_("The request is not a well-formed multipart/form-data body with one file."),
        next_step=N_("Reload the page and send the file again. At the API, send the form fields first, then one file."),
    ),
    "file_before_slot": Answer(
        status=400,
        title=N_("The file came before its place"),
        detail=N_("The form token and the slot must stand before the file in the request. The file was not read."),
        next_step=N_("Reload the page and send the file again. At the API, put the field slot before the field file."),
    ),
    "missing_file": Answer(
        status=400,
        title=N_("There is no file in this request"),
        detail=N_("The form arrived without a file."),
        next_step=N_("Choose a file first, then send it."),
    ),
    "upload_ended": Answer(
        status=409,
        title=N_("The verification ended during the upload"),
        detail=N_("While the file was on its way, its verification ended or its place was given up. Nothing was kept."),
        next_step=N_("Reload the page to see where the verification stands."),
    ),
    "unknown_slot": Answer(
        status=400,
        title=N_("This document was not asked for"),
        detail=N_("The request names a place for a document that this verification does not have."),
        next_step=N_("Reload the page and choose the file beside the document that it shows."),
    ),
    "slot_taken": Answer(
        status=409,
        title=N_("There is a file in this place already"),
        detail=N_("Each place takes one file, and this one has it."),
        next_step=N_("Remove the file that is there, or use Replace, and send this one again."),
    ),
    "too_many_files": Answer(
        status=400,
        title=N_("More than one file in one request"),
        detail=N_("Each request takes exactly one file. Nothing of it was kept."),
        next_step=N_("Send the files one after the other."),
    ),
    "too_many_documents": Answer(
        status=409,
        title=N_("Too many documents"),
        detail=N_("This verification has had as many documents as it may have, removed ones included."),
        limit=N_("The limit is {most}."),
        next_step=N_("Submit what is there, or ask the support desk for a new link."),
    ),
    "too_many_uploads": Answer(
        status=429,
        title=N_("Too many uploads at once"),
        detail=N_("Other files of this verification are still on their way."),
        limit=N_("The limit is {most} at a time."),
        next_step=N_("Wait until one of them is done, then send this file again."),
        retry_after=5,
    ),
    "quota_exceeded": Answer(
        status=413,
        title=N_("This link has taken as much as it may"),
        detail=N_("With this file the documents of this verification would be larger than we may keep."),
        limit=N_("The limit is {megabytes} MB in total."),
        next_step=N_("Remove a document that is not needed, or send smaller files."),
    ),
    "unknown_document": Answer(
        status=404,
        title=N_("There is no such document"),
        detail=N_("No document of this verification has that id."),
        next_step=N_("Reload the page. At the API, list the documents of the verification first."),
    ),
    "unknown_page": Answer(
        status=404,
        title=N_("There is no such page"),
        detail=N_("The document has fewer pages than that."),
        next_step=N_("List the documents of the verification: each says how many pages it has."),
    ),
    "still_checking": Answer(
        status=409,
        title=N_("We are still checking your files"),
        detail=N_("At least one file has arrived but has not been checked yet."),
        next_step=N_("Wait a few seconds, then submit again."),
        retry_after=2,
    ),
    "not_everything_sent": Answer(
        status=409,
        title=N_("Something is still missing"),
        detail=N_("Not everything that is needed has arrived and could be read."),
        next_step=N_("Add what the page still asks for, then hand it in again."),
    ),
    "document_damaged": Answer(
        status=422,
        title=N_("We could not read this file"),
        detail=N_("Something went wrong on our side while it was stored, and it cannot be read any more."),
        next_step=N_("Please send it again."),
    ),
    "corrupt_image": Answer(
        status=422,
        title=N_("We could not read this picture"),
        detail=N_("The picture is damaged or incomplete."),
        next_step=N_("Open it on your device. If it looks right there, take a screenshot of it and send that."),
    ),
    "corrupt_pdf": Answer(
        status=422,
        title=N_("We could not read this PDF"),
        detail=N_("The PDF is damaged or incomplete."),
        next_step=N_("Open it on your device and save or print it as PDF again, or send a screenshot of each page."),
    ),
    "too_many_pixels": Answer(
        status=422,
        title=N_("This picture has too many pixels"),
        detail=N_("The picture is larger than we open safely."),
        next_step=N_("Make it smaller on your device, or take a new photo in normal quality."),
    ),
    "protected_pdf": Answer(
        status=422,
        title=N_("This PDF is protected by a password"),
        detail=N_("We cannot open it, and please do not send us the password."),
        next_step=N_("Open it on your device and print it to a new PDF without a password, or send a screenshot."),
    ),
    "too_many_pages": Answer(
        status=422,
        title=N_("This PDF has too many pages"),
        detail=N_("It has more pages than we may take for this document."),
        next_step=N_("Send only the pages that are asked for."),
    ),
    "no_pages": Answer(
        status=422,
        title=N_("This PDF has no pages"),
        detail=N_("There is nothing in it to look at."),
        next_step=N_("Open it on your device, save it as PDF again, and send that, or send a screenshot."),
    ),
    "decoder_crashed": Answer(
        status=422,
        title=N_("We could not open this file"),
        detail=N_("The program that opens files gave up on this one."),
        next_step=N_("Take a screenshot of the document, or save it in another format, and send that."),
    ),
    "decoder_timeout": Answer(
        status=422,
        title=N_("This file took too long to open"),
        detail=N_("The file could not be opened within our limit of time."),
        next_step=N_("Send a simpler file: a screenshot or a photo of the document."),
    ),
    "decoder_memory": Answer(
        status=422,
        title=N_("This file needs too much memory"),
        detail=N_("The file could not be opened within our limit of memory."),
        next_step=N_("Send a smaller or simpler file: a screenshot or a photo of the document."),
    ),
    "type_differs": Answer(
        status=422,
        title=N_("This file is not what it says it is"),
        detail=N_("It begins like one type of file and goes on like another."),
        next_step=N_("Take a screenshot of the document, and send that."),
    ),
    "decoder_unavailable": Answer(
        status=503,
        title=N_("We cannot check documents at the moment"),
        detail=N_("The program that opens files safely does not run. Your file waits and is checked later."),
        next_step=N_("Come back in a few minutes. Operators: run verifier doctor, which says what is missing."),
        retry_after=60,
    ),
    "document_refused": Answer(
        status=422,
        title=N_("We could not read this file"),
        detail=N_("The file could not be turned into pictures safely."),
        next_step=N_("Take a screenshot of the document, or save it in another format, and send that."),
    ),
    "not_disposed": Answer(
        status=409,
        title=N_("This document still exists"),
        detail=N_("A deletion receipt exists only once a document has been destroyed."),
        next_step=N_("Ask again after the verification has been decided, or after the time that its page names."),
    ),
    "disposed_before_restore": Answer(
        status=410,
        title=N_("This receipt was given before"),
        detail=N_(
            "The document was destroyed before the service was restored from a backup, and its receipt was given then. "
            "There is no second one."
        ),
        next_step=N_("Use the receipt from that time. The log says when the document was destroyed again."),
    ),
    "key_lost": Answer(
        status=410,
        title=N_("This document cannot be opened any more"),
        detail=N_("The key that opens it is gone, and with it what it held."),
        next_step=N_("The document has to be sent again."),
    ),
}

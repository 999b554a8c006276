"""Refusals of an upload and of a document."""

from verifier.errors import VerifierError


class UnknownDocumentError(VerifierError):
    code = "unknown_document"


class UnknownSlotError(VerifierError):
    code = "unknown_slot"


class SlotTakenError(VerifierError):
    code = "slot_taken"


class TooManyDocumentsError(VerifierError):
    code = "too_many_documents"


class TooManyUploadsError(VerifierError):
    """Two uploads at a time for one link."""

    code = "too_many_uploads"


class FileTooLargeError(VerifierError):
    code = "file_too_large"


class QuotaExceededError(VerifierError):
    """All documents of this verification together are larger than its policy takes."""

    code = "quota_exceeded"


class StoreFullError(VerifierError):
    """The installation holds as much as its operator allowed."""

    code = "store_full"


class EmptyFileError(VerifierError):
    code = "empty_file"


class UploadCutError(VerifierError):
    """The body ended before its closing boundary."""

    code = "upload_cut"


class UploadTooSlowError(VerifierError):
    """Nothing came for too long; the writer stopped before its fence ended."""

    code = "upload_too_slow"


class MalformedMultipartError(VerifierError):
    code = "malformed_multipart"


class FileBeforeSlotError(VerifierError):
    code = "file_before_slot"


class TooManyFilesError(VerifierError):
    code = "too_many_files"


class MissingFileError(VerifierError):
    code = "missing_file"


class UploadEndedError(VerifierError):
    """The verification or the document ended while the upload was under way."""

    code = "upload_ended"

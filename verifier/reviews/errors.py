"""Refusals of a review."""

from verifier.errors import VerifierError


class ClaimedByOtherError(VerifierError):
    code = "claimed_by_other"


class NotClaimedError(VerifierError):
    """The reviewer holds no live claim on this verification."""

    code = "not_claimed"


class FourEyesError(VerifierError):
    """This person had a hand in the verification, or gave the first of two looks."""

    code = "four_eyes"


class PagesNotAllViewedError(VerifierError):
    code = "pages_not_all_viewed"


class DetailsNotViewedError(VerifierError):
    """This person was not shown the details and captions as they are now."""

    code = "details_not_viewed"


class UnknownReasonError(VerifierError):
    code = "unknown_reason"


class ReasonNeededError(VerifierError):
    code = "reason_needed"


class DocumentsNeededError(VerifierError):
    """A resubmission names the documents that are asked for again."""

    code = "documents_needed"


class TooManyResubmissionsError(VerifierError):
    code = "too_many_resubmissions"


class UnknownPageError(VerifierError):
    code = "unknown_page"


class PageDamagedError(VerifierError):
    """What is stored is not what was sealed, or is gone: it cannot be shown, and so not approved."""

    code = "page_damaged"


class QueueEmptyError(VerifierError):
    code = "queue_empty"

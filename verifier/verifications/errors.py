"""Refusals of the verifications room."""

from verifier.errors import VerifierError


class UnknownVerificationError(VerifierError):
    code = "unknown_verification"


class VerificationExistsError(VerifierError):
    """A live verification of the same reference and policy was asked for with other contents."""

    code = "verification_exists"


class UnknownPolicyError(VerifierError):
    code = "unknown_policy"


class InvalidReferenceError(VerifierError):
    code = "invalid_reference"


class ReferenceLooksLikeAddressError(VerifierError):
    """A case number that is an e-mail address or a phone number would name a customer; a web address is a link."""

    code = "reference_looks_like_address"


class UnknownExpectedFieldError(VerifierError):
    """The desk sent an expected value that the policy does not name."""

    code = "unknown_expected_field"


class WrongStateError(VerifierError):
    """The step does not exist from the state that the verification is in."""

    code = "wrong_state"


class TooLateError(VerifierError):
    """The verification's latest end is past; the worker is about to end it."""

    code = "too_late"


class AlreadyDecidedError(WrongStateError):
    code = "already_decided"


class UnknownLinkError(VerifierError):
    code = "unknown_link"


class LinkReplacedError(VerifierError):
    code = "link_replaced"


class LinkExpiredError(VerifierError):
    code = "link_expired"


class LinkFinishedError(VerifierError):
    """The status of an ended verification is shown for `status_for`; that time is over."""

    code = "link_finished"


class SessionNeededError(VerifierError):
    """The customer's browser holds no live session for this verification."""

    code = "open_link_first"

"""Refusals of the web itself: the form of a request, who sends it, how often."""

from verifier.errors import VerifierError


class MalformedJsonError(VerifierError):
    """The body is not one JSON object as RFC 8259 has it, with each name once."""

    code = "malformed_json"


class UnknownFieldError(VerifierError):
    """The body holds a name that the call does not have. The name itself is the client's, and is not repeated."""

    code = "unknown_field"


class InvalidFieldError(VerifierError):
    """A value is missing or not valid; the fact `pointer` names it where the name is one of ours."""

    code = "invalid_field"


class TooLargeError(VerifierError):
    """The body is longer than `limit_bytes`."""

    code = "too_large"


class TooManyRequestsError(VerifierError):
    """More requests than the limit; `retry_after` is in seconds."""

    code = "too_many_requests"


class SignInNeededError(VerifierError):
    """No live session and no valid API key came with the request."""

    code = "sign_in_needed"


class InvalidFormTokenError(VerifierError):
    """The form was not made for this session, or came from another site."""

    code = "invalid_form_token"


class InvalidIdempotencyKeyError(VerifierError):
    """The Idempotency-Key is empty, longer than 255, or not printable ASCII."""

    code = "invalid_idempotency_key"


class IdempotencyKeyReusedError(VerifierError):
    """The same key came with another body."""

    code = "idempotency_key_reused"


class InvalidCursorError(VerifierError):
    """The cursor is none that we gave out, or was used with other filters."""

    code = "invalid_cursor"

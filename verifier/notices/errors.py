"""Refusals of the notices room."""

from verifier.errors import VerifierError


class SendLimitReachedError(VerifierError):
    """As much was sent in this time as may be. Fact: `retry_after`, in seconds."""

    code = "send_limit_reached"

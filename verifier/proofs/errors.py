"""Refusals of a submission."""

from verifier.errors import VerifierError


class StillCheckingError(VerifierError):
    code = "still_checking"


class NotEverythingSentError(VerifierError):
    code = "not_everything_sent"

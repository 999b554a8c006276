"""What this room refuses."""

from verifier.errors import VerifierError


class UnknownLocaleError(VerifierError):
    """This is no language tag, or none that we speak where only such a one will do."""

    code = "unknown_locale"

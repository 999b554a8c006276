"""What this room refuses."""

from verifier.errors import VerifierError


class UnknownLocaleError(VerifierError):
    """A page was asked for in a language that we do not speak. Whoever creates a verification checks it first."""

    code = "unknown_locale"


class UnknownAssetError(VerifierError):
    """There is no static file of that name."""

    code = "not_found"

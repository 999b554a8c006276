"""What this room refuses."""

from verifier.errors import VerifierError


class UnknownAssetError(VerifierError):
    """There is no static file of that name."""

    code = "not_found"

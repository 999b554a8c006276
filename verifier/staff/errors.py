"""Refusals of the staff room."""

from verifier.errors import VerifierError


class ForbiddenError(VerifierError):
    """No role of the principal, or no scope of its key, allows the action."""

    code = "forbidden"


class UnknownInviteError(VerifierError):
    """No invite has that token, or it is over 15 minutes old, or a newer one replaced it."""

    code = "unknown_invite"


class InviteUsedError(VerifierError):
    """The invite was redeemed before."""

    code = "invite_used"


class UnknownApiKeyError(VerifierError):
    """No API key has that id."""

    code = "unknown_api_key"


class InvalidStaffError(VerifierError):
    """A person without a usable name, or without a role."""

    code = "invalid_staff"


class InvalidApiKeyError(VerifierError):
    """An API key without a label or an end, or with a scope that its role may not have."""

    code = "invalid_api_key"

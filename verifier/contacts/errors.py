"""Refusals of the contacts room."""

from typing import Final

from verifier.contacts.reasons import Reason
from verifier.errors import VerifierError


class ContactsNotAllowedError(VerifierError):
    """Contact points, and an account that is attested, come from the desk's own system: its API key needs the scope."""

    code = "contacts_not_allowed"


class UnknownContactError(VerifierError):
    """The policy asks for no such check, or the desk registered no such contact point."""

    code = "unknown_contact"


class UnusableContactPointError(VerifierError):
    """A contact point must have either a value or a digest, of a kind that a desk can register."""

    code = "contact_point_unusable"


class UnknownCheckError(VerifierError):
    code = "unknown_check"


class CheckEndedError(VerifierError):
    """The check has ended; no more guesses, looks or sendings count."""

    code = "check_ended"


class TooManyChecksError(VerifierError):
    """The contact point was checked in this way as often as a verification allows."""

    code = "too_many_checks"


class TooManyCodesSentError(VerifierError):
    """The code was sent as often as it is sent."""

    code = "too_many_codes_sent"


class CodeMalformedError(VerifierError):
    """A code has six digits."""

    code = "code_malformed"


class StillJudgingError(VerifierError):
    """Several submissions of this verification wait for the worker already."""

    code = "still_judging"


class SubmissionTooLargeError(VerifierError):
    """What was handed in is larger than `limit_bytes`."""

    code = "submission_too_large"


class WrongCheckError(VerifierError):
    """The call belongs to a check of another method."""

    code = "wrong_check"


class MalformedChallengeError(VerifierError):
    """The text is no challenge that we wrote."""

    code = "challenge_malformed"


class UnreadableJsonError(VerifierError):
    """The bytes are not one JSON object that reads in one way only."""

    code = "json_unreadable"


class UnusableKeyError(VerifierError):
    """A JWK is not a public key for EdDSA (Ed25519) or ES256 (P-256), meant to verify with, under an id of its own."""

    code = "key_unusable"


class KeysUnavailableError(VerifierError):
    """The desk's keys could not be fetched: nothing is known about who signed."""

    code = "keys_unavailable"


class FetchFailedError(VerifierError):
    """A file could not be fetched safely; `reason` is a word of a closed list, which says nothing of the network."""

    code = "fetch_failed"


class MalformedSignatureError(VerifierError):
    """The text is no wallet address, or no signature of one."""

    code = "signature_malformed"


class MalformedContactError(VerifierError):
    """The text is not a contact point of `kind`."""

    code = "contact_malformed"


class OtherNotToldError(VerifierError):
    """Another registered contact point is still to be told of the verification, and an approval would come first."""

    code = "other_not_told_yet"


class DisposableContactError(VerifierError):
    """The address is one that anybody may read for a while, where the policy forbids those."""

    code = "contact_disposable"


class LookupFailedError(VerifierError):
    """DNS gave no answer, in time or at all. Says nothing of the name."""

    code = "lookup_failed"


class TooManyLookupsError(LookupFailedError):
    """One operation asked for more names than its limit, or for too long."""


class MessageRefusedError(VerifierError):
    """A message, or one of its signatures, is no evidence, for this reason."""

    code = "message_refused"

    def __init__(self, reason: Reason) -> None:
        super().__init__({"reason": reason})
        self.reason: Final = reason


class MailboxUnavailableError(VerifierError):
    """The mailbox that the worker reads could not be reached or did not let it in."""

    code = "mailbox_unavailable"


class UnknownExitError(VerifierError):
    """No verification has this exit."""

    code = "unknown_exit"

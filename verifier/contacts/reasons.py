"""Why a contact check ended as it did: the closed list that the log, the API and the reviewer's page speak.

A reason never says what was sent, only what was wrong with it. A member that was ever logged is never removed.
"""

from enum import StrEnum


class Reason(StrEnum):
    """One reason; a verdict may carry several."""

    # Codes, and addresses that the customer typed.
    WRONG_CODE = "wrong_code"
    CODE_EXPIRED = "code_expired"
    TOO_MANY_TRIES = "too_many_tries"
    TOO_MANY_SENDS = "too_many_sends"
    NOT_DELIVERED = "not_delivered"
    ADDRESS_DIFFERS = "address_differs"
    ADDRESS_UNKNOWN = "address_unknown"
    # Messages.
    NO_SIGNATURE = "no_signature"
    BAD_SIGNATURE = "bad_signature"
    NOT_ALIGNED = "not_aligned"
    POLICY_REJECTS = "policy_rejects"
    STALE = "stale"
    REPLAYED = "replayed"
    MALFORMED = "malformed"
    LOOKUP_FAILED = "lookup_failed"
    UNSIGNED_PARTS = "unsigned_parts"
    WRONG_RECIPIENT = "wrong_recipient"
    AUTOMATIC = "automatic"
    # Messages that are confirmed, and still do not decide without a person.
    CASE_NOT_NAMED = "case_not_named"
    ONLY_FORWARDED = "only_forwarded"
    # Attestations.
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_NONCE = "wrong_nonce"
    WRONG_KEY = "wrong_key"
    TOO_OLD = "too_old"
    WRONG_SUBJECT = "wrong_subject"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_ALGORITHM = "wrong_algorithm"
    WRONG_CASE = "wrong_case"
    NOT_YET_VALID = "not_yet_valid"
    LIVES_TOO_LONG = "lives_too_long"
    TOO_LARGE = "too_large"
    # Control of a domain or a wallet.
    CHALLENGE_MISSING = "challenge_missing"
    CHALLENGE_DIFFERS = "challenge_differs"
    # Of any kind.
    LINK_RENEWED = "link_renewed"

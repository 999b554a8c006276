"""What a judge says of one contact check."""

from dataclasses import dataclass
from enum import StrEnum

from verifier.contacts.reasons import Reason


class Outcome(StrEnum):
    """How a check ended. Only `CONFIRMED` is evidence."""

    CONFIRMED = "confirmed"
    MISMATCH = "mismatch"
    """It is another's."""
    UNCONFIRMED = "unconfirmed"
    """It could not be told: no signature, a look-up that failed."""
    FAILED = "failed"
    """It was tried, and was wrong or used up."""


@dataclass(frozen=True)
class Verdict:
    """The outcome, and why it is not `CONFIRMED`; or, where it is, why a person must look before it decides."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()

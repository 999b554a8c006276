"""The life of a contact check, as one total table, and what becomes of a submission.

    open ──► confirmed · mismatch · unconfirmed · failed
      └──────────┴──► lapsed

`open` while codes go out and guesses come in, or while a challenge waits to be met. An end is an end: a check is not
reopened; where another try is allowed, it is another check. Only `confirmed` is evidence, and only for the link under
which it was shown: with that link it lapses, and so does what was under way (decision 0019).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from policies.parts import CheckMethod
from verifier.contacts.errors import CheckEndedError
from verifier.contacts.verdict import Outcome


class CheckState(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    MISMATCH = "mismatch"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    LAPSED = "lapsed"
    """Its link was replaced: whatever it showed, it showed of whoever had that one."""


NEXT: Final[Mapping[CheckState, frozenset[CheckState]]] = {
    CheckState.OPEN: frozenset(CheckState) - {CheckState.OPEN},
    CheckState.CONFIRMED: frozenset({CheckState.LAPSED}),
    CheckState.MISMATCH: frozenset(),
    CheckState.UNCONFIRMED: frozenset(),
    CheckState.FAILED: frozenset(),
    CheckState.LAPSED: frozenset(),
}

STATE_OF: Final[Mapping[Outcome, CheckState]] = {
    Outcome.CONFIRMED: CheckState.CONFIRMED,
    Outcome.MISMATCH: CheckState.MISMATCH,
    Outcome.UNCONFIRMED: CheckState.UNCONFIRMED,
    Outcome.FAILED: CheckState.FAILED,
}

MOST_CHECKS: Final = 5
"""How many checks of one contact point by one method a verification has: messages and attestations come in anew."""


class SubmissionKind(StrEnum):
    """What was handed in through the one door."""

    OPENED = "opened"
    BEGIN = "begin"
    GUESS = "guess"
    ADDRESS = "address"
    MESSAGE = "message"
    ATTESTATION = "attestation"
    LOOK = "look"
    SIGNATURE = "signature"


SLOW_KINDS: Final = frozenset({SubmissionKind.LOOK, SubmissionKind.MESSAGE, SubmissionKind.ATTESTATION})
"""What waits for a server of others, which a stranger may have named."""
QUICK_KINDS: Final = frozenset(SubmissionKind) - SLOW_KINDS

METHODS_OF_KIND: Final[Mapping[SubmissionKind, frozenset[CheckMethod]]] = {
    SubmissionKind.OPENED: frozenset(),
    SubmissionKind.BEGIN: frozenset(CheckMethod),
    SubmissionKind.GUESS: frozenset({CheckMethod.CODE}),
    SubmissionKind.ADDRESS: frozenset(CheckMethod) - {CheckMethod.ATTESTATION},
    SubmissionKind.MESSAGE: frozenset({CheckMethod.MESSAGE}),
    SubmissionKind.ATTESTATION: frozenset({CheckMethod.ATTESTATION}),
    SubmissionKind.LOOK: frozenset({CheckMethod.DNS, CheckMethod.FILE}),
    SubmissionKind.SIGNATURE: frozenset({CheckMethod.SIGNATURE}),
}
"""What each kind can be for. Whoever takes the tier over that hands in must not turn one proof into another."""


class Result(StrEnum):
    """What became of a submission, for whoever handed it in; it says nothing of what the desk knows."""

    PENDING = "pending"
    """The worker has not judged it yet."""
    CODE_SENT = "code_sent"
    ADDRESS_NEEDED = "address_needed"
    """The desk handed over a digest only: the customer types the address first."""
    CHALLENGE_SET = "challenge_set"
    WRONG_CODE = "wrong_code"
    CODE_EXPIRED = "code_expired"
    ADDRESS_DIFFERS = "address_differs"
    TOO_MANY_SENDS = "too_many_sends"
    NOT_YET = "not_yet"
    """What was looked for is not there, or is another's; it can be tried again."""
    ENDED = "ended"
    """The check has ended with it: its state says how."""
    NOTED = "noted"
    MOOT = "moot"
    """It came too late, or to nothing: it was thrown away unjudged."""


def verify_step(current: CheckState, to: CheckState) -> None:
    """Raise `CheckEndedError` unless the table has the step."""
    if to not in NEXT[current]:
        raise CheckEndedError({"state": current})


def may_begin_after(state: CheckState, method: CheckMethod) -> bool:
    """Whether another check may follow one that ended so.

    Codes that were guessed at stay guessed at: a new check would be five more tries. What is looked up or signed may
    come again, because nothing is learned by trying. What lapsed has to come again, and goes on counting where the one
    before it stopped (`Effects`).
    """
    match state:
        case CheckState.OPEN | CheckState.CONFIRMED:
            return False
        case CheckState.UNCONFIRMED | CheckState.LAPSED:
            return True
        case CheckState.MISMATCH | CheckState.FAILED:
            return method is not CheckMethod.CODE
        case _:
            assert_never(state)

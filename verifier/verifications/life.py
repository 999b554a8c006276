"""The life of a verification, as one total table.

    requested ──────► submitted ──────► second_review
      ▲  │  ▲            │ │                │ │
      │  │  └─ resubmit ─┘ │                │ │
      │  │  └──────────────┼── resubmit ────┘ │
      │  ▼                 ▼                  ▼
      │  approved · cancelled · withdrawn · expired (and, once submitted, rejected)

Unknown means refused, and nothing is reopened. Back to `requested` goes also what rested on a contact check, when the
link is renewed. `requested → approved` exists only for policies that let contact checks decide alone.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from verifier.retention.service import Rule
from verifier.verifications.errors import AlreadyDecidedError, WrongStateError


class VerificationState(StrEnum):
    REQUESTED = "requested"
    SUBMITTED = "submitted"
    SECOND_REVIEW = "second_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


_S = VerificationState
_ENDS: Final = frozenset({_S.APPROVED, _S.CANCELLED, _S.WITHDRAWN, _S.EXPIRED})

NEXT: Final[Mapping[VerificationState, frozenset[VerificationState]]] = {
    _S.REQUESTED: _ENDS | {_S.SUBMITTED},
    _S.SUBMITTED: _ENDS | {_S.REQUESTED, _S.SECOND_REVIEW, _S.REJECTED},
    _S.SECOND_REVIEW: _ENDS | {_S.REQUESTED, _S.REJECTED},
    _S.APPROVED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.WITHDRAWN: frozenset(),
    _S.EXPIRED: frozenset(),
}

RULE_OF_END: Final[Mapping[VerificationState, Rule]] = {
    _S.APPROVED: Rule.APPROVED,
    _S.REJECTED: Rule.REJECTED,
    _S.CANCELLED: Rule.CANCELLED,
    _S.WITHDRAWN: Rule.WITHDRAWN,
    _S.EXPIRED: Rule.EXPIRED,
}
"""Every terminal state, and the rule under which its documents go."""

KEY_LOST: Final = "key_lost"
"""The reason of an end that nobody wanted: nobody can open what was sent (`verifier.verifications.key_loss`)."""

LIVE: Final = frozenset(state for state, after in NEXT.items() if after)
IN_REVIEW: Final = frozenset({_S.SUBMITTED, _S.SECOND_REVIEW})


def is_terminal(state: VerificationState) -> bool:
    return state not in LIVE


def is_key_lost(state: VerificationState, reasons: Collection[str]) -> bool:
    """Whether a verification ended because its key was lost; a desk that cancels gives no reason."""
    return state is VerificationState.CANCELLED and KEY_LOST in reasons


def verify_move(current: VerificationState, to: VerificationState) -> None:
    """Raise unless the table has the step.

    Raises:
        AlreadyDecidedError: the verification has ended.
        WrongStateError: there is no such step from here.
    """
    if is_terminal(current):
        raise AlreadyDecidedError({"state": current})
    if to not in NEXT[current]:
        raise WrongStateError({"state": current})

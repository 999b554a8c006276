"""The decision function: which proof is still missing, and whether what arrived is enough.

It guarantees that more evidence never satisfies less, and that no evidence satisfies nothing. It knows no storage:
whoever calls says which (document, slot) pairs are ready, and answers for that being true (`verifier.proofs`).
"""

from dataclasses import dataclass
from typing import TypeAlias

from policies.model import Policy

# The (document, slot) pairs whose document is ready: received whole, checked, its pages sealed.
Evidence: TypeAlias = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Missing:
    """A slot that the chosen line still needs."""

    document: str
    slot: str


def what_is_missing(policy: Policy, line: int, evidence: Evidence) -> tuple[Missing, ...]:
    """What the line (its index in `policy.ladder`) still needs, in the policy's order.

    Raises `IndexError` for a line that the policy does not have: a negative index must not reach another line.
    """
    if not 0 <= line < len(policy.ladder):
        raise IndexError(f"{policy.name} has no proof line {line}")
    return tuple(
        Missing(requirement.document, slot)
        for requirement in policy.ladder[line]
        for slot in requirement.slots
        if (requirement.document, slot) not in evidence
    )


def is_satisfied(policy: Policy, evidence: Evidence) -> bool:
    """Whether one whole line of the ladder is there."""
    if not evidence:
        return False  # The constructors refuse an empty ladder; this line holds even if one slipped past them.
    return any(not what_is_missing(policy, line, evidence) for line in range(len(policy.ladder)))

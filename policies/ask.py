"""The decision functions: what is still missing, what is enough, and which proof is offered first.

They guarantee that more evidence never satisfies less, and that no evidence satisfies nothing. They know no storage:
whoever calls says which documents are ready, which checks were confirmed, which contact points changed recently and
which fields were given, and answers for that being true (`verifier.proofs`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never

from policies.model import Policy
from policies.parts import (
    CheckMethod,
    ContactKind,
    ContactRequirement,
    DetailsRequirement,
    DocumentRequirement,
    ProofLine,
    is_optional,
)


@dataclass(frozen=True)
class Evidence:
    """What is there. `recent` is no evidence: a contact point that changed recently is never enough alone."""

    slots: frozenset[tuple[str, str]] = frozenset()
    """(document, slot): received whole, checked, its pages sealed."""
    contacts: frozenset[tuple[ContactKind, CheckMethod]] = frozenset()
    """Checks that ended `confirmed`."""
    to_see: frozenset[tuple[ContactKind, CheckMethod]] = frozenset()
    """Those of `contacts` at which a person must look: they are evidence, and never decide alone."""
    recent: frozenset[ContactKind] = frozenset()
    details: frozenset[str] = frozenset()
    """Fields that were given, their format checked."""


@dataclass(frozen=True)
class MissingSlot:
    """A slot that the line still needs."""

    document: str
    slot: str


@dataclass(frozen=True)
class MissingContact:
    """A check that the line still needs, or that cannot count here because the contact point changed recently."""

    contact: ContactKind
    by: CheckMethod


@dataclass(frozen=True)
class MissingDetail:
    """A field that the line still needs."""

    field: str


Missing: TypeAlias = MissingSlot | MissingContact | MissingDetail


def what_is_missing(policy: Policy, line: int, evidence: Evidence) -> tuple[Missing, ...]:
    """What the line (its index in `policy.ladder`) still needs, in the policy's order.

    Raises `IndexError` for a line that the policy does not have: a negative index must not reach another line.
    """
    if not 0 <= line < len(policy.ladder):
        raise IndexError(f"{policy.name} has no proof line {line}")
    return tuple(_missing(policy.ladder[line], evidence))


def _missing(line: ProofLine, evidence: Evidence) -> Iterator[Missing]:
    never_enough = evidence.recent if needs_checks_only(line) else frozenset()
    for item in line:
        match item:
            case DocumentRequirement():
                if not item.is_optional:
                    wanted = ((item.document, slot) for slot in item.slots)
                    yield from (MissingSlot(*place) for place in wanted if place not in evidence.slots)
            case ContactRequirement():
                if (item.contact, item.by) not in evidence.contacts or item.contact in never_enough:
                    yield MissingContact(item.contact, item.by)
            case DetailsRequirement():
                yield from (MissingDetail(field) for field in item.fields if field not in evidence.details)
            case _:
                assert_never(item)


def is_contact_only(line: ProofLine) -> bool:
    """Whether the line asks for contact checks and nothing else, not even something optional."""
    return all(isinstance(item, ContactRequirement) for item in line)


def needs_checks_only(line: ProofLine) -> bool:
    """Whether contact checks are all that the line needs: what is optional may be left out, and proves nothing."""
    return all(isinstance(item, ContactRequirement) or is_optional(item) for item in line)


def find_satisfied_line(policy: Policy, evidence: Evidence) -> int | None:
    """The least intrusive line that is whole, by its index in the ladder."""
    if not (evidence.slots or evidence.contacts or evidence.details):
        return None  # The constructors refuse a line that needs nothing; this holds even if one slipped past them.
    return next((i for i in range(len(policy.ladder)) if not what_is_missing(policy, i, evidence)), None)


def is_satisfied(policy: Policy, evidence: Evidence) -> bool:
    """Whether one whole line of the ladder is there."""
    return find_satisfied_line(policy, evidence) is not None


def decides_alone(policy: Policy, evidence: Evidence) -> bool:
    """Whether contact checks alone approve here: the policy says so, and a line of nothing else is whole."""
    sure = replace(evidence, contacts=evidence.contacts - evidence.to_see)
    if not policy.review.contact_checks_decide or not sure.contacts:
        return False
    return any(
        is_contact_only(line) and not what_is_missing(policy, index, sure) for index, line in enumerate(policy.ladder)
    )


def find_recent(
    policy: Policy, changed_at: Mapping[ContactKind, datetime | None], *, now: datetime
) -> frozenset[ContactKind]:
    """The contact points that changed within the policy's time. A change in the future counts: clocks differ."""
    since = now - policy.contacts.changed_within
    return frozenset(kind for kind, at in changed_at.items() if at is not None and at > since)


@dataclass(frozen=True)
class Situation:
    """What decides which proofs can be offered in one verification."""

    contacts: frozenset[ContactKind] = frozenset()
    """Those that the desk gave; `account` where it named the account."""
    recent: frozenset[ContactKind] = frozenset()
    failed: frozenset[tuple[ContactKind, CheckMethod]] = frozenset()
    """Checks that ended otherwise than `confirmed` and cannot be tried again."""
    not_offered: frozenset[CheckMethod] = frozenset()
    """Methods that this installation is not set up for."""
    unreachable: frozenset[ContactKind] = frozenset()
    """Contact points to which this installation cannot send a code."""


class Skip(StrEnum):
    """Why a line of the ladder was passed over."""

    NO_CONTACT_POINT = "no_contact_point"
    NOT_OFFERED = "not_offered"
    CONTACT_CHANGED_RECENTLY = "contact_changed_recently"
    CHECK_FAILED = "check_failed"
    CHOSE_ANOTHER = "chose_another"


@dataclass(frozen=True)
class Offers:
    """The accepted lines, least intrusive first, and why each other line was passed over."""

    lines: tuple[int, ...]
    skipped: tuple[tuple[int, Skip], ...]

    def skipped_for(self, line: int) -> tuple[tuple[int, Skip], ...]:
        """Every line passed over when `line` is taken, in the ladder's order. Raises `ValueError` if not accepted."""
        if line not in self.lines:
            raise ValueError(f"line {line} is not accepted here")
        left = ((other, Skip.CHOSE_ANOTHER) for other in self.lines if other < line)
        return tuple(sorted((*(pair for pair in self.skipped if pair[0] < line), *left)))


def plan(policy: Policy, situation: Situation) -> Offers:
    """Which lines a customer in this situation may take. None is accepted where `lines` is empty."""
    reasons = [(index, _find_skip(line, situation)) for index, line in enumerate(policy.ladder)]
    return Offers(
        lines=tuple(index for index, skip in reasons if skip is None),
        skipped=tuple((index, skip) for index, skip in reasons if skip is not None),
    )


def _is_unreachable(check: ContactRequirement, situation: Situation) -> bool:
    return check.by is CheckMethod.CODE and check.contact in situation.unreachable


def _find_skip(line: ProofLine, situation: Situation) -> Skip | None:
    checks = [item for item in line if isinstance(item, ContactRequirement)]
    if any(check.contact not in situation.contacts for check in checks):
        return Skip.NO_CONTACT_POINT
    if any(check.by in situation.not_offered or _is_unreachable(check, situation) for check in checks):
        return Skip.NOT_OFFERED
    if needs_checks_only(line) and any(check.contact in situation.recent for check in checks):
        return Skip.CONTACT_CHANGED_RECENTLY
    if any((check.contact, check.by) in situation.failed for check in checks):
        return Skip.CHECK_FAILED
    return None

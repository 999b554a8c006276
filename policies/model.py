"""A policy, once it was read: one immutable value that knows its slots, its canonical form and its version.

The constructors guarantee the one law that everything else leans on: nothing here can be satisfied by nothing. A
ladder without a line and a line without a requirement cannot be built. Bounds and cross-references are the parser's
(`policies.language`); what is still missing is `policies.ask`'s to say.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import rfc8785

from policies.errors import PolicyError
from policies.parts import (
    USUAL_CONTACTS,
    ChecklistItem,
    ContactRequirement,
    ContactRules,
    DetailRules,
    DetailsRequirement,
    DocumentRequirement,
    DocumentRules,
    Limits,
    LinkRules,
    ProofLine,
    Reason,
    Requirement,
    ReviewRules,
    Table,
    Text,
    is_optional,
)
from policies.retention import RetentionRules
from policies.writing import (
    Written,
    written_contacts,
    written_details,
    written_ladder,
    written_limits,
    written_link,
    written_retention,
    written_review,
    written_rules,
)

__all__ = [
    "ChecklistItem",
    "DocumentRequirement",
    "DocumentRules",
    "Limits",
    "LinkRules",
    "Policy",
    "ProofLine",
    "Reason",
    "Requirement",
    "RetentionRules",
    "ReviewRules",
    "Slot",
    "Table",
    "Text",
]


_NO_DETAILS: Final[Table[DetailRules]] = Table(())


@dataclass(frozen=True)
class Slot:
    """One place for one document."""

    document: str
    slot: str


@dataclass(frozen=True)
class Policy:
    """What may prove ownership for one kind of request, who reviews, how long things stay, and why."""

    name: str
    title: Text
    link: LinkRules
    ladder: tuple[ProofLine, ...]
    documents: Table[DocumentRules]
    review: ReviewRules
    retention: RetentionRules
    reasons: tuple[Reason, ...]
    limits: Limits
    details: Table[DetailRules] = _NO_DETAILS
    contacts: ContactRules = USUAL_CONTACTS
    languages: tuple[str, ...] = ()
    no_proof: Text | None = None
    """Why requests of this kind need no proof; then there is no ladder, and the agent simply answers."""

    def __post_init__(self) -> None:
        if self.no_proof is not None and self.ladder:
            raise PolicyError("unused_rules", sentence=f"{self.name} asks for no proof, and for proofs. Choose one.")
        if self.no_proof is not None:
            return
        if not self.ladder:
            raise PolicyError(
                "empty_ladder", sentence=f"{self.name} has no proof: it would accept everyone, or no one."
            )
        if any(all(map(is_optional, line)) for line in self.ladder):
            raise PolicyError(
                "empty_proof", sentence=f"{self.name} has a line of proof that needs nothing: it would accept everyone."
            )

    @cached_property
    def version(self) -> str:
        """`sha256:` and the digest of the canonical content: comments and the order of keys do not change it."""
        return f"sha256:{hashlib.sha256(self.to_canonical().encode('utf-8')).hexdigest()}"

    def to_canonical(self) -> str:
        """The whole content as RFC 8785 JSON, every default spelled out; `policy_from_canonical` is its inverse."""
        content: dict[str, Written] = {"policy": self.name, "title": dict(self.title)}
        if self.languages:
            content["languages"] = list(self.languages)
        if self.no_proof is not None:
            return rfc8785.dumps(content | {"no_proof": {"why": dict(self.no_proof)}}).decode("utf-8")
        content |= {
            "link": written_link(self.link),
            "proofs": written_ladder(self.ladder),
            "review": written_review(self.review),
            "retention": written_retention(self.retention),
            "reasons": [{reason.code: dict(reason.text)} for reason in self.reasons],
            "limits": written_limits(self.limits),
        }
        if self.documents:
            content["documents"] = {name: written_rules(rules) for name, rules in self.documents.items()}
        if self.details:
            content["details"] = written_details(self.details)
        if self.has_contact_checks():
            content["contacts"] = written_contacts(self.contacts)
        return rfc8785.dumps(content).decode("utf-8")

    def slots(self) -> tuple[Slot, ...]:
        """Every slot of every line, in the ladder's order."""
        return tuple(
            Slot(item.document, slot)
            for line in self.ladder
            for item in line
            if isinstance(item, DocumentRequirement)
            for slot in item.slots
        )

    def checks(self) -> tuple[ContactRequirement, ...]:
        """Every contact check of every line, in the ladder's order."""
        return tuple(item for line in self.ladder for item in line if isinstance(item, ContactRequirement))

    def fields(self) -> tuple[str, ...]:
        """Every field of details that some line asks for, once, in the ladder's order."""
        asked = (item for line in self.ladder for item in line if isinstance(item, DetailsRequirement))
        return tuple(dict.fromkeys(code for item in asked for code in item.fields))

    def has_contact_checks(self) -> bool:
        """Whether any line asks for one."""
        return bool(self.checks())

    def reason(self, code: str) -> Reason | None:
        """The reason with this code, if this policy knows it."""
        return next((reason for reason in self.reasons if reason.code == code), None)

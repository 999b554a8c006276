"""What a policy is, once it was read: immutable values, equal when their content is equal.

The constructors guarantee the one law that everything else leans on: nothing here can be satisfied by nothing. A
ladder without a line, a line without a requirement and a requirement without a slot cannot be built. Bounds and
cross-references are the parser's (`policies.language`); what a policy answers is `policies.ask`'s.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Literal, Self, TypeVar

from policies.errors import PolicyError

V = TypeVar("V")


@dataclass(frozen=True)
class Table(Mapping[str, V]):
    """A small mapping that keeps its order, cannot change, and can be hashed."""

    pairs: tuple[tuple[str, V], ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, V]]) -> Self:
        return cls(tuple(pairs))

    def __getitem__(self, key: str) -> V:
        for known, value in self.pairs:
            if known == key:
                return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)


class Text(Table[str]):
    """One sentence in several languages; English is always there."""

    def in_language(self, language: str) -> str:
        """The sentence in `language` ("de-AT"), else in its base ("de"), else in English."""
        return self.get(language) or self.get(language.partition("-")[0]) or self["en"]


@dataclass(frozen=True)
class LinkRules:
    """How long a link takes documents, and how long it shows the outcome after the end."""

    open_for: timedelta
    status_for: timedelta


@dataclass(frozen=True)
class DocumentRequirement:
    """One document, in all the slots that are named."""

    document: str
    slots: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.slots:
            raise PolicyError("empty_proof", sentence=f"{self.document} names no slot, so nothing would prove it.")


# Contact checks and details join this union when they can be checked; until then the parser refuses them.
Requirement = DocumentRequirement
ProofLine = tuple[Requirement, ...]


@dataclass(frozen=True)
class DocumentRules:
    """Limits of one document, and what its owner reads about it. `max_bytes` is one uploaded file."""

    title: Text
    max_bytes: int
    max_pages: int
    must_show: Text
    may_cover: Text
    slot_titles: Table[Text]


@dataclass(frozen=True)
class ChecklistItem:
    """One thing that the reviewer compares before deciding."""

    code: str
    text: Text


@dataclass(frozen=True)
class ReviewRules:
    """Who decides, by when, on what. `lines` is how many people approve; `second_look_share` is per cent."""

    lines: Literal[1, 2]
    answer_for: timedelta
    four_eyes: bool
    second_look_share: int
    checklist: tuple[ChecklistItem, ...]
    resubmissions: int
    claim_for: timedelta
    expected_fields: Table[Text]


@dataclass(frozen=True)
class RetentionRules:
    """How long things may stay, and why. `hold_for` is the longest hold that anyone may order."""

    undecided_for: timedelta
    why: Text
    unfinished_upload_for: timedelta
    forget_rows_after: timedelta
    hold_for: timedelta


@dataclass(frozen=True)
class Reason:
    """Why a decision went as it did, in the words that the customer reads."""

    code: str
    text: Text


@dataclass(frozen=True)
class Limits:
    """Per verification: documents ever sent, uploads at once, bytes ever sent."""

    max_documents: int
    uploads_at_once: int
    total_bytes: int


@dataclass(frozen=True)
class Slot:
    """One place for one document in one line of the ladder. `required`: no line does without it."""

    proof_index: int
    document: str
    slot: str
    required: bool


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

    def __post_init__(self) -> None:
        if not self.ladder:
            raise PolicyError(
                "empty_ladder", sentence=f"{self.name} has no proof: it would accept everyone, or no one."
            )
        if not all(self.ladder):
            raise PolicyError(
                "empty_proof", sentence=f"{self.name} has an empty line of proof: it would accept everyone."
            )

    @cached_property
    def version(self) -> str:
        """`sha256:` and the digest of the canonical content: comments and the order of keys do not change it."""
        from policies.canonical import version_of

        return version_of(self)

    def to_canonical(self) -> str:
        """The whole content as RFC 8785 JSON; `policy_from_canonical` is its inverse."""
        from policies.canonical import canonical_text

        return canonical_text(self)

    def slots(self) -> tuple[Slot, ...]:
        """Every slot of every line, in the ladder's order."""
        lines = [[(item.document, slot) for item in line for slot in item.slots] for line in self.ladder]
        return tuple(
            Slot(index, document, slot, all((document, slot) in other for other in lines))
            for index, line in enumerate(lines)
            for document, slot in line
        )

    def required_slots(self) -> tuple[Slot, ...]:
        """The slots that no line of the ladder does without, each once."""
        return tuple(slot for slot in self.slots() if slot.required and slot.proof_index == 0)

    def reason(self, code: str) -> Reason | None:
        """The reason with this code, if this policy knows it."""
        return next((reason for reason in self.reasons if reason.code == code), None)

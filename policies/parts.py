"""The parts of a policy: immutable values, equal when their content is equal, and hashable.

A requirement without a slot cannot be built: nothing would prove it. Bounds are the parser's (`policies.sections`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
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
    """Who decides, by when, on what.

    `lines`: how many people look, one after the other. `second_look_share`: the per cent of approvals that get a second
    look where one line would do.
    """

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
    """How long things may stay, and why. `hold_for`: the longest hold; not carried out yet."""

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
    """Per verification: documents ever sent, uploads at once, bytes that are held now."""

    max_documents: int
    uploads_at_once: int
    total_bytes: int

"""The parts of a policy: immutable values, equal when their content is equal, and hashable.

A requirement that nothing could prove cannot be built: a document without a slot, details without a field, a check
that does not fit its contact point. Bounds are the parser's (`policies.sections`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal, Self, TypeAlias, TypeVar

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


class ContactKind(StrEnum):
    """What may be registered on an account, and checked. `account`: the login in the desk's own area."""

    EMAIL = "email"
    PHONE = "phone"
    ACCOUNT = "account"
    DOMAIN = "domain"
    WALLET = "wallet"


class CheckMethod(StrEnum):
    """How control of a contact point is shown."""

    CODE = "code"
    MESSAGE = "message"
    ATTESTATION = "attestation"
    DNS = "dns"
    FILE = "file"
    SIGNATURE = "signature"


METHODS_OF: Final[Mapping[ContactKind, tuple[CheckMethod, ...]]] = {
    ContactKind.EMAIL: (CheckMethod.CODE, CheckMethod.MESSAGE),
    ContactKind.PHONE: (CheckMethod.CODE,),
    ContactKind.ACCOUNT: (CheckMethod.ATTESTATION,),
    ContactKind.DOMAIN: (CheckMethod.DNS, CheckMethod.FILE),
    ContactKind.WALLET: (CheckMethod.SIGNATURE,),
}


@dataclass(frozen=True)
class DocumentRequirement:
    """One document, in all the slots that are named. An optional one may be sent, and is never missing."""

    document: str
    slots: tuple[str, ...]
    is_optional: bool = False

    def __post_init__(self) -> None:
        if not self.slots:
            raise PolicyError("empty_proof", sentence=f"{self.document} names no slot, so nothing would prove it.")


@dataclass(frozen=True)
class ContactRequirement:
    """Control of one registered contact point, shown in one way."""

    contact: ContactKind
    by: CheckMethod

    def __post_init__(self) -> None:
        if self.by not in METHODS_OF[self.contact]:
            raise PolicyError("unfit_check", sentence=f"{self.contact} cannot be checked by {self.by}.")


@dataclass(frozen=True)
class DetailsRequirement:
    """Fields that the customer types; their rules stand in `Policy.details`."""

    fields: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.fields:
            raise PolicyError("empty_proof", sentence="Details without a field prove nothing.")


Requirement: TypeAlias = DocumentRequirement | ContactRequirement | DetailsRequirement
ProofLine: TypeAlias = tuple[Requirement, ...]


def is_optional(requirement: Requirement) -> bool:
    """Whether the line holds without it."""
    return isinstance(requirement, DocumentRequirement) and requirement.is_optional


class DetailKind(StrEnum):
    """The format that a typed field is checked against (`verifier.proofs` does)."""

    TRANSACTION_HASH = "transaction_hash"
    ADDRESS = "address"
    AMOUNT = "amount"
    PAYMENT_REFERENCE = "payment_reference"
    EMAIL_HEADER = "email_header"
    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True)
class DetailRules:
    """One field that the customer types."""

    kind: DetailKind
    title: Text
    hint: Text | None = None


@dataclass(frozen=True)
class ContactRules:
    """What holds for every contact check of the policy.

    `changed_within`: how long a contact point counts as recent after it changed. `tell_other`: tell the other
    registered contact point that a verification was opened. `forbid_disposable`: refuse throw-away e-mail addresses.
    """

    changed_within: timedelta = timedelta(days=7)
    tell_other: bool = False
    forbid_disposable: bool = False


USUAL_CONTACTS: Final = ContactRules()


@dataclass(frozen=True)
class DocumentRules:
    """Limits of one document, and what its owner reads about it.

    `max_bytes` is one uploaded file. `captions`: whoever sends a file says in a line what it shows.
    """

    title: Text
    max_bytes: int
    max_pages: int
    must_show: Text
    may_cover: Text
    slot_titles: Table[Text]
    captions: bool = False


@dataclass(frozen=True)
class ChecklistItem:
    """One thing that the reviewer compares before deciding."""

    code: str
    text: Text


@dataclass(frozen=True)
class ReviewRules:
    """Who decides, by when, on what.

    `lines`: how many people look, one after the other. `second_look_share`: the per cent of approvals that get a second
    look where one line would do. `contact_checks_decide`: a line of contact checks alone approves, without a person;
    only then, and where no line has documents or details, the checklist may be empty.
    """

    lines: Literal[1, 2]
    answer_for: timedelta
    four_eyes: bool
    second_look_share: int
    checklist: tuple[ChecklistItem, ...]
    resubmissions: int
    claim_for: timedelta
    expected_fields: Table[Text]
    contact_checks_decide: bool = False


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

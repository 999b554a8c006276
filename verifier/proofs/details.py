"""Details and captions: what a customer types as proof, or to say what a picture shows.

Guarantees: everything that is wrong is told at once, and nothing is kept of what was sent together with it; what is
kept has its format, is sealed, and dies with the verification; given again before the submission it replaces what was
there. Nothing that is sealed is ever shown to the customer again: their tier cannot open it.
Leaves to others: the reviewer's view, which is logged first (`verifier.reviews.views`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from policies.model import Policy
from policies.parts import DetailKind
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_first_entry, record
from verifier.evidence.documents import verify_takes_documents
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.ids import VerificationId
from verifier.proofs.detail_faults import DetailFault, WrongDetailError
from verifier.proofs.detail_kinds import parse_detail
from verifier.proofs.errors import CaptionMissingError, DetailMalformedError, UnknownDetailError
from verifier.vault.service import Vault
from verifier.verifications.intake import verify_intake_open
from verifier.verifications.moves import get_policy
from verifier.verifications.sealed_values import forget_value, read_names, replace_value
from verifier.verifications.tables import VerificationRow

DETAIL: Final = "detail."
CAPTION: Final = "caption."


@dataclass(frozen=True)
class Typed:
    """What was typed, as it was: details by their field, captions by "document.slot"."""

    details: Mapping[str, str] = field(default_factory=dict, repr=False)
    captions: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Given:
    """What is there, by its name; not what it says."""

    details: frozenset[str] = frozenset()
    captions: frozenset[str] = frozenset()


def list_captions(policy: Policy) -> Sequence[str]:
    """Every "document.slot" that takes a caption, in the policy's order."""
    return [f"{each.document}.{each.slot}" for each in policy.slots() if policy.documents[each.document].captions]


def read_given(session: Session, verification: VerificationId) -> Given:
    """Which details and captions are there."""
    return Given(
        details=read_names(session, verification, prefix=DETAIL),
        captions=read_names(session, verification, prefix=CAPTION),
    )


def was_typed(session: Session, verification: VerificationId) -> bool:
    """Whether anything was ever given; the log knows it still when the values are gone."""
    wanted = EntryFilter(kind=EntryKind.DETAILS_GIVEN, verification=verification)
    return find_first_entry(session, wanted) is not None


def check_typed(policy: Policy, typed: Typed) -> Mapping[str, str]:
    """What would be kept, by the names of its seals.

    Raises:
        UnknownDetailError
        DetailMalformedError: with every fault.
    """
    if not (set(typed.details) <= set(policy.fields()) and set(typed.captions) <= set(list_captions(policy))):
        raise UnknownDetailError
    kept: dict[str, str] = {}
    faults: dict[str, DetailFault] = {}
    wanted = [(f"{DETAIL}{code}", policy.details[code].kind, text) for code, text in typed.details.items()]
    wanted += [(f"{CAPTION}{place}", DetailKind.TEXT, text) for place, text in typed.captions.items()]
    for name, kind, text in wanted:
        try:
            kept[name] = parse_detail(kind, text)
        except WrongDetailError as wrong:
            faults[name] = wrong.fault
    if faults:
        raise DetailMalformedError(faults)
    return kept


def give_details(
    session: Session, now: datetime, row: VerificationRow, typed: Typed, *, vault: Vault, intake_closes_after: timedelta
) -> None:
    """Keep what the customer of a locked verification typed, in the caller's transaction.

    Raises:
        AlreadyDecidedError, WrongStateError, TooLateError, ClockBehindError, LogBehindError, IntakeClosedError
        UnknownDetailError, DetailMalformedError
    """
    verify_takes_documents(row, now)
    verify_intake_open(session, now, closes_after=intake_closes_after)
    kept = check_typed(get_policy(session, row), typed)
    if not kept:
        return
    for name, value in kept.items():
        replace_value(session, now, vault, row.id, name=name, value=value)
    fields = {"verification": row.id, "details": sorted(typed.details), "captions": sorted(typed.captions)}
    record(session, now, EntryKind.DETAILS_GIVEN, fields)


def forget_caption(session: Session, document: DocumentRow) -> None:
    """A document that is taken back or asked for again takes its caption along."""
    forget_value(session, document.verification_id, name=f"{CAPTION}{document.document}.{document.slot}")


def find_uncaptioned(policy: Policy, documents: Sequence[DocumentRow], given: Given) -> str | None:
    """The first "document.slot" whose document is ready and whose caption is asked for and not there."""
    ready = {f"{each.document}.{each.slot}" for each in documents if each.state is DocumentState.READY}
    return next((place for place in list_captions(policy) if place in ready and place not in given.captions), None)


def verify_captioned(policy: Policy, documents: Sequence[DocumentRow], given: Given) -> None:
    """Raise `CaptionMissingError` unless every document that is ready has the caption that its policy asks for."""
    place = find_uncaptioned(policy, documents, given)
    if place is not None:
        raise CaptionMissingError({"slot": place})

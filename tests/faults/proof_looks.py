"""Looking at chosen lines and at typed details: what must hold of them once an installation is quiet."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.proofs.details import DETAIL
from verifier.proofs.tables import OfferRow
from verifier.verifications.sealed_values import read_names
from verifier.verifications.tables import VerificationKeyRow
from verifier.wiring import House

_MOST_ENTRIES = 10_000


def look_at_proofs(house: House) -> Iterator[str]:
    """All looks at what a customer chose and typed."""
    with house.database.read() as session:
        yield from _look_at_choices(session)
        yield from _look_at_details(session)


def _look_at_choices(session: Session) -> Iterator[str]:
    """Each choice is one entry, and the log says which line was chosen."""
    logged: dict[str, list[object]] = {}
    for entry in find_entries(session, EntryFilter(kind=EntryKind.PROOF_CHOSEN), limit=_MOST_ENTRIES):
        logged.setdefault(str(entry.statement.fields["verification"]), []).append(entry.statement.fields["line"])
    for offer in session.scalars(select(OfferRow)):
        chosen = [] if offer.chosen is None else [offer.chosen]
        lines = logged.pop(offer.verification_id, [])
        if len(lines) > len(set(lines)) or not set(chosen) <= set(lines) or bool(lines) != bool(chosen):
            yield f"{offer.verification_id} is on line {offer.chosen}, and the log has {lines}"
    yield from (f"{verification} chose {lines}, and no row knows it" for verification, lines in logged.items())


def _look_at_details(session: Session) -> Iterator[str]:
    """No detail is there of which the log does not know, and none outlives its key."""
    logged: dict[str, set[str]] = {}
    for entry in find_entries(session, EntryFilter(kind=EntryKind.DETAILS_GIVEN), limit=_MOST_ENTRIES):
        details = entry.statement.fields["details"]
        assert isinstance(details, list | tuple)
        logged.setdefault(str(entry.statement.fields["verification"]), set()).update(map(str, details))
    for key in session.scalars(select(VerificationKeyRow)):
        there = read_names(session, key.verification_id, prefix=DETAIL)
        if there - logged.get(key.verification_id, set()):
            yield f"{key.verification_id} has details of which the log does not know"
        if there and key.unreadable_at is not None:
            yield f"details of {key.verification_id} outlive its key"

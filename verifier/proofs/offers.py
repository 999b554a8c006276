"""The ladder of one verification: which proofs it offers, the least intrusive first, and which one was chosen.

Guarantees: what is offered is the policy's to say, from what the desk gave and how the checks ended; why a line was
passed over is logged, whenever it changes; a customer may choose another accepted line, and no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.ask import Offers, Situation, Skip, plan
from policies.model import Policy
from policies.parts import CheckMethod, ContactKind
from verifier.audit.catalogue import EntryKind
from verifier.audit.forms import Field
from verifier.audit.service import record
from verifier.contacts.life import MOST_CHECKS, CheckState
from verifier.contacts.reading import read_checks
from verifier.contacts.registered import read_points, read_recent
from verifier.contacts.submissions import count_used, may_follow, note_other_proof
from verifier.contacts.tables import ContactCheckRow
from verifier.evidence.documents import verify_takes_documents
from verifier.ids import VerificationId
from verifier.proofs.errors import UnknownLineError
from verifier.proofs.tables import OfferRow
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationRow


@dataclass(frozen=True)
class Means:
    """What this installation is not set up for: methods, and contact points to which it can send no code."""

    not_offered: frozenset[CheckMethod] = frozenset()
    unreachable: frozenset[ContactKind] = frozenset()


def read_offers(session: Session, row: VerificationRow) -> Offers:
    """What is accepted now."""
    found = session.get(OfferRow, row.id)
    if found is None:
        return Offers(lines=tuple(range(len(get_policy(session, row).ladder))), skipped=())
    return Offers(lines=tuple(found.lines), skipped=tuple((int(line), Skip(str(why))) for line, why in found.skipped))


def find_current_line(session: Session, row: VerificationRow) -> int | None:
    """The line that the customer is on: the one that they chose, else the least intrusive; `None` if none is left."""
    lines = read_offers(session, row).lines
    chosen = session.scalar(select(OfferRow.chosen).where(OfferRow.verification_id == row.id))
    return chosen if chosen in lines else next(iter(lines), None)


def choose_line(session: Session, now: datetime, row: VerificationRow, line: int) -> None:
    """Take up another accepted line of a locked verification.

    Raises:
        AlreadyDecidedError, WrongStateError, TooLateError
        UnknownLineError: the line is not accepted here.
        TooManyChecksError: another line was taken up too often.
    """
    verify_takes_documents(row, now)
    offers, found = read_offers(session, row), session.get(OfferRow, row.id)
    if line not in offers.lines:
        raise UnknownLineError
    if find_current_line(session, row) == line:
        return
    if found is None:
        found = _add(session, now, row.id, offers)
    found.chosen = line
    note_other_proof(session, now, row.id)
    skipped: list[Field] = [{"line": other, "why": why} for other, why in offers.skipped_for(line)]
    record(session, now, EntryKind.PROOF_CHOSEN, {"verification": row.id, "line": line, "skipped": skipped})


def plan_offers(session: Session, now: datetime, row: VerificationRow, *, means: Means) -> Offers:
    """Ask the policy what is accepted now, and log it where it is new."""
    policy = get_policy(session, row)
    offers = plan(policy, read_situation(session, row, policy, means=means))
    found = session.get(OfferRow, row.id)
    if found is not None and offers == read_offers(session, row):
        return offers
    if found is None:
        _add(session, now, row.id, offers)
    else:
        found.lines, found.skipped, found.planned_at = list(offers.lines), _to_json(offers), now
    skipped: list[Field] = [{"line": line, "why": why} for line, why in offers.skipped]
    lines: list[Field] = list(offers.lines)
    record(session, now, EntryKind.PROOF_OFFERED, {"verification": row.id, "lines": lines, "skipped": skipped})
    return offers


def read_situation(session: Session, row: VerificationRow, policy: Policy, *, means: Means) -> Situation:
    """What decides which proofs can be offered."""
    contacts = set(read_points(session, row.id))
    if row.account_digest is not None:
        contacts.add(ContactKind.ACCOUNT)
    return Situation(
        contacts=frozenset(contacts),
        recent=read_recent(session, row, policy),
        failed=_find_failed(session, read_checks(session, row.id)),
        not_offered=means.not_offered,
        unreachable=means.unreachable,
    )


def _find_failed(session: Session, checks: Sequence[ContactCheckRow]) -> frozenset[tuple[ContactKind, CheckMethod]]:
    """What the door refuses from now on: after which no other check may follow, or of which there were as many as a
    verification has."""
    ended = [check for check in checks if check.state is not CheckState.OPEN]
    alike: dict[tuple[ContactKind, CheckMethod], list[ContactCheckRow]] = {}
    for check in ended:
        alike.setdefault((check.contact, check.method), []).append(check)
    used_up = {pair for pair, of_pair in alike.items() if count_used(session, of_pair) >= MOST_CHECKS}
    confirmed = {(check.contact, check.method) for check in ended if check.state is CheckState.CONFIRMED}
    failed = {(check.contact, check.method) for check in ended if not may_follow(check)}
    return frozenset((failed | used_up) - confirmed)


def _add(session: Session, now: datetime, verification: VerificationId, offers: Offers) -> OfferRow:
    row = OfferRow(
        verification_id=verification, lines=list(offers.lines), skipped=_to_json(offers), chosen=None, planned_at=now
    )
    session.add(row)
    return row


def _to_json(offers: Offers) -> list[list[int | str]]:
    return [[line, why.value] for line, why in offers.skipped]

"""Turns rows and policies into the reviewer's views. What is private is opened elsewhere, after it was logged."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from sqlalchemy.orm import Session

from policies.model import Policy
from verifier.contacts.reading import read_statuses
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.proofs.details import DETAIL, list_captions, read_given
from verifier.proofs.service import read_documents
from verifier.reviews.claims import Waiting
from verifier.reviews.comparing import ComparedDetail
from verifier.reviews.decisions import Outcome
from verifier.reviews.reading import StaffNote, find_claim, is_barred, read_decisions, read_viewed_pages
from verifier.reviews.tables import ClaimRow, DecisionRow
from verifier.staff.names import name_actors
from verifier.verifications.handlers import has_handled
from verifier.verifications.life import IN_REVIEW, VerificationState, is_key_lost, is_terminal
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationRow
from verifier.web.agent_views import is_late, tell_policy_title
from verifier.web.answers.answer import N_
from verifier.web.detail_views import label_slot
from verifier.web.law_views import TO_STAFF, keeps_documents, tell_held
from verifier.web.pages.common import FieldError, StaffShell
from verifier.web.pages.language import translator
from verifier.web.pages.reviewer import (
    Caption,
    Choice,
    ClaimState,
    DecisionValues,
    Detail,
    Expected,
    Moment,
    Note,
    PageImage,
    QueueRow,
    ReviewPage,
)
from verifier.web.rooms import StaffRooms
from verifier.web.staff_check_views import tell_checks
from verifier.web.staff_views import LOCALE, label_document

_ENDED_OTHERWISE: Final = {
    VerificationState.CANCELLED: N_("The request was cancelled."),
    VerificationState.WITHDRAWN: N_("The customer withdrew."),
    VerificationState.EXPIRED: N_("The time for a decision ran out."),
}
_KEY_LOST: Final = N_("The key was lost, so nobody can open what was sent.")


def tell_queue_rows(
    session: Session, now: datetime, waiting: Sequence[Waiting], *, actor: str, rooms: StaffRooms
) -> tuple[QueueRow, ...]:
    """The rows of the queue, for this person."""
    names = name_actors(session, {entry.claimed_by for entry in waiting if entry.claimed_by is not None})
    rows = []
    for entry in waiting:
        row = entry.verification
        since = row.submitted_at or row.created_at
        tell = QueueRow(
            verification_id=row.id,
            reference=row.reference or row.id,
            policy_title=tell_policy_title(row.policy, policies=rooms.policies),
            waiting_since=since,
            waiting_for=now - since,
            answer_by=row.answer_by or row.undecided_by,
            is_late=is_late(row, now),
            line=_line_of(row),
            claimed_by=None if entry.claimed_by is None else names.get(entry.claimed_by, entry.claimed_by),
            is_mine=entry.claimed_by == actor,
            refusal=_why_barred(session, row, actor=actor),
        )
        rows.append(tell)
    return tuple(rows)


def _line_of(row: VerificationRow) -> int:
    return 2 if row.state is VerificationState.SECOND_REVIEW else 1


def _why_barred(session: Session, row: VerificationRow, *, actor: str) -> str | None:
    if not is_barred(session, row, actor=actor):
        return None
    _ = translator(LOCALE)
    if get_policy(session, row).review.four_eyes and has_handled(session, row.id, actor=actor):
        return _("You had a hand in this request, so somebody else decides.")
    return _("You took the first look, so somebody else takes the second.")


def _name_hands(
    session: Session, row: VerificationRow, decisions: Sequence[DecisionRow], held: ClaimRow | None
) -> Mapping[str, str]:
    """Who had a hand in it, by actor."""
    actors = {row.created_by, *(decision.actor for decision in decisions)}
    return name_actors(session, actors if held is None else actors | {held.actor})


def read_review(
    session: Session,
    now: datetime,
    row: VerificationRow,
    *,
    shell: StaffShell,
    actor: str,
    case_url: str,
    values: DecisionValues,
    errors: tuple[FieldError, ...],
) -> ReviewPage:
    """One verification for this reviewer, without what is private."""
    policy, held = get_policy(session, row), find_claim(session, now, row.id)
    barred_because = _why_barred(session, row, actor=actor) if row.state in IN_REVIEW else None
    claim = _claim_state(row, held, actor=actor, is_barred=barred_because is not None)
    decisions = read_decisions(session, row.id)
    names = _name_hands(session, row, decisions, held)
    ready = [each for each in read_documents(session, row.id) if each.state is DocumentState.READY]
    is_mine, viewed = claim is ClaimState.MINE, read_viewed_pages(session, row.id, actor=actor)
    return ReviewPage(
        errors=errors,
        shell=shell,
        form_token=shell.form_token,
        verification_id=row.id,
        reference=row.reference or row.id,
        case_url=find_case_url(case_url, reference=row.reference),
        policy_title=policy.title.in_language(LOCALE),
        status=row.state,
        line=_line_of(row),
        claim=claim,
        holder=names.get(held.actor, held.actor) if held is not None and claim is ClaimState.TAKEN else None,
        barred_because=barred_because,
        claimed_until=held.claimed_until if held is not None and is_mine else None,
        claim_for=policy.review.claim_for,
        answer_by=None if is_terminal(row.state) else row.answer_by,
        is_late=is_late(row, now),
        pages=tuple(_tell_pages(policy, ready, viewed=viewed)) if is_mine else (),
        expected=(),
        checks=tell_checks(read_statuses(session, row.id)),
        checklist=tuple(item.text.in_language(LOCALE) for item in policy.review.checklist),
        timeline=_tell_timeline(row, decisions, names=names),
        notes=(),
        reasons=tuple(Choice(value=each.code, label=each.text.in_language(LOCALE)) for each in policy.reasons),
        documents=_tell_choices(session, policy, row, ready),
        can_escalate=row.state is VerificationState.SUBMITTED,
        resubmissions_left=max(0, policy.review.resubmissions - row.resubmissions),
        values=values,
        keeps_documents=keeps_documents(policy),
        held=tell_held(session, now, row, policy=policy, locale=LOCALE, words=TO_STAFF),
    )


def _tell_choices(
    session: Session, policy: Policy, row: VerificationRow, ready: Sequence[DocumentRow]
) -> tuple[Choice, ...]:
    """What can be asked for again: documents by their ids, details as `detail.<field>`."""
    given = read_given(session, row.id).details
    documents = [Choice(value=each.id, label=label_document(policy, each)) for each in ready]
    details = [
        Choice(value=f"{DETAIL}{code}", label=policy.details[code].title.in_language(LOCALE))
        for code in policy.fields()
        if code in given
    ]
    return (*documents, *details)


def _claim_state(row: VerificationRow, held: ClaimRow | None, *, actor: str, is_barred: bool) -> ClaimState:
    if is_terminal(row.state):
        return ClaimState.DECIDED
    if row.state not in IN_REVIEW:
        return ClaimState.OUT
    if is_barred:
        return ClaimState.BARRED
    if held is None:
        return ClaimState.FREE
    return ClaimState.MINE if held.actor == actor else ClaimState.TAKEN


def find_case_url(pattern: str, *, reference: str | None) -> str | None:
    """The desk's own page of a case: `{reference}` in the setting is where it stands; at the end, if nowhere."""
    if not pattern or reference is None:
        return None
    quoted = quote(reference, safe="")
    return pattern.replace("{reference}", quoted) if "{reference}" in pattern else pattern + quoted


def _tell_pages(policy: Policy, ready: Sequence[DocumentRow], *, viewed: frozenset[tuple[str, int]]) -> list[PageImage]:
    return [
        PageImage(
            document=document.id,
            slot=f"{document.document}.{document.slot}",
            label=label_document(policy, document),
            number=number,
            count=document.pages or 0,
            is_fetched=(document.id, number) in viewed,
        )
        for document in ready
        for number in range(1, (document.pages or 0) + 1)
    ]


def tell_expected(policy: Policy, values: Mapping[str, str]) -> tuple[Expected, ...]:
    """What the desk knows, in the policy's words and order; what is compared with a detail stands there."""
    return tuple(
        Expected(label=label.in_language(LOCALE), value=values[name])
        for name, label in policy.review.expected_fields.items()
        if name in values and name not in policy.details
    )


def tell_details(policy: Policy, compared: Sequence[ComparedDetail]) -> tuple[Detail, ...]:
    """What was typed beside what the desk expects, in the policy's words."""
    return tuple(
        Detail(
            label=policy.details[each.code].title.in_language(LOCALE),
            given=each.given,
            expected=each.expected,
            comparison=each.comparison,
        )
        for each in compared
    )


def tell_captions(policy: Policy, texts: Mapping[str, str]) -> tuple[Caption, ...]:
    """What the customer says that the pictures show, numbered through the policy's slots."""
    places = enumerate(list_captions(policy), start=1)
    return tuple(
        Caption(number=number, label=label_slot(policy, place, locale=LOCALE), text=texts[place])
        for number, place in places
        if place in texts
    )


def tell_notes(session: Session, notes: Sequence[StaffNote]) -> tuple[Note, ...]:
    """What colleagues noted, under their names."""
    names = name_actors(session, {note.actor for note in notes})
    return tuple(Note(by=names.get(note.actor, note.actor), at=note.at, text=note.text) for note in notes)


def _tell_timeline(
    row: VerificationRow, decisions: Sequence[DecisionRow], *, names: Mapping[str, str]
) -> tuple[Moment, ...]:
    _ = translator(LOCALE)

    def said(at: datetime, sentence: str, actor: str = "") -> Moment:
        return Moment(at=at, sentence=sentence % {"person": names.get(actor, actor)})

    moments = [said(row.created_at, _("%(person)s requested the verification."), row.created_by)]
    if row.opened_at is not None:
        moments.append(said(row.opened_at, _("The customer opened the link.")))
    if row.submitted_at is not None:
        moments.append(said(row.submitted_at, _("The customer handed the documents in.")))
    for decision in decisions:
        if decision.resulted_in == VerificationState.SECOND_REVIEW:
            # One sentence for whatever it was: the second look is blind.
            moments.append(said(decision.decided_at, _("%(person)s took the first look."), decision.actor))
        elif decision.outcome == Outcome.RESUBMIT:
            moments.append(said(decision.decided_at, _("%(person)s asked for documents again."), decision.actor))
        else:
            moments.append(said(decision.decided_at, _("%(person)s decided."), decision.actor))
    if row.ended_at is not None and row.state in _ENDED_OTHERWISE:
        is_lost = is_key_lost(row.state, row.reasons)
        moments.append(said(row.ended_at, _(_KEY_LOST if is_lost else _ENDED_OTHERWISE[row.state])))
    return tuple(sorted(moments, key=lambda moment: moment.at))

"""The reviewer's pages: the queue, and one verification with its pages, what the desk knows, and the decision.

Guarantees: what is private is opened only for the holder of the live claim, after the entry of the view was committed;
a refused decision keeps what was chosen and written. The page images themselves come from `reviewer_api`.
"""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from policies.access import Action
from verifier.errors import VerifierError
from verifier.ids import DocumentId, VerificationId
from verifier.proofs.details import DETAIL
from verifier.reviews import claims
from verifier.reviews.comparing import compare_details
from verifier.reviews.decisions import Decision, Outcome
from verifier.reviews.errors import ClaimedByOtherError, FourEyesError, NotClaimedError, QueueEmptyError
from verifier.reviews.reading import count_queue, open_notes
from verifier.staff.principal import Principal, verify_may
from verifier.verifications.errors import UnknownVerificationError, WrongStateError
from verifier.verifications.moves import get_policy, get_verification
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.tables import VerificationRow
from verifier.web.answers.answer import N_
from verifier.web.pages.common import FieldError
from verifier.web.pages.language import translator
from verifier.web.pages.reviewer import ClaimState, DecisionValues, QueuePage, ReviewPage
from verifier.web.principals import PagePrincipal
from verifier.web.reviewer_api import viewer_of
from verifier.web.reviewer_views import (
    read_review,
    tell_captions,
    tell_details,
    tell_expected,
    tell_notes,
    tell_queue_rows,
)
from verifier.web.rooms import StaffRooms, StaffRoomsDep
from verifier.web.staff_route import SignedForm, StaffForm, StaffRoute, explain_refusal, go_to, show
from verifier.web.staff_views import LOCALE, staff_shell

router: Final = APIRouter(tags=["reviewer"], route_class=StaffRoute, include_in_schema=False)

_LONGEST_NOTE: Final = 2000
_FIELDS: Final = {
    "reason_needed": ("reasons", N_("Choose at least one reason, so that the customer knows why.")),
    "unknown_reason": ("reasons", N_("Choose among the reasons that are listed.")),
    "documents_needed": ("documents", N_("Choose at least one document to be sent again.")),
    "unknown_detail": ("documents", N_("Choose among the details that are listed.")),
    "unknown_document": ("documents", N_("Choose among the documents that are listed.")),
    "pages_not_all_viewed": ("outcome", N_("Look at every page before you approve.")),
}
"""Which part of the decision a refusal is about, in the words of the form; all else is about the outcome."""

_NOTHING_TO_MEND: Final = (NotClaimedError, WrongStateError, FourEyesError, UnknownVerificationError)
"""Refusals after which there is no form any more."""


@router.get("/queue")
def show_queue(
    request: Request,
    principal: PagePrincipal,
    rooms: StaffRoomsDep,
    decided: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """What waits, the most urgent first."""
    verify_may(principal, Action.QUEUE_READ)
    with rooms.database.read() as session:
        now = rooms.clock.now(session)
        count = count_queue(session, now)
        waiting = claims.read_queue(session, now)
        rows = tell_queue_rows(session, now, waiting, actor=principal.actor, rooms=rooms)
        row = None if decided is None else session.get(VerificationRow, decided)
    _, shell = translator(LOCALE), staff_shell(request, principal, rooms=rooms, current="queue")
    page = QueuePage(
        shell=shell,
        form_token=shell.form_token,
        rows=rows,
        total=count.waiting,
        late=count.late,
        has_next=any(each.refusal is None and (each.is_mine or each.claimed_by is None) for each in rows),
        notice="" if row is None else _("The decision on %(case)s was sent.") % {"case": row.reference or row.id},
    )
    return show(page)


@router.post("/queue/next")
def take_next(principal: PagePrincipal, rooms: StaffRoomsDep, _: SignedForm) -> Response:
    """Claim the most urgent verification that this person may have, and open it."""
    verify_may(principal, Action.CLAIM_NEXT)
    try:
        with rooms.database.write() as session:
            taken = claims.claim_next(session, rooms.clock.now(session), actor=principal.actor)
    except QueueEmptyError:
        return go_to("/queue")
    return go_to(f"/review/{taken}")


@router.get("/review/{verification}")
def show_review(request: Request, verification: str, principal: PagePrincipal, rooms: StaffRoomsDep) -> Response:
    """One verification; its pages and what the desk knows only for the holder of the claim."""
    verify_may(principal, Action.VERIFICATION_READ)
    page = _open_review(request, VerificationId(verification), principal, rooms=rooms)
    return show(page)


def _open_review(
    request: Request,
    verification: VerificationId,
    principal: Principal,
    *,
    rooms: StaffRooms,
    values: DecisionValues | None = None,
    errors: tuple[FieldError, ...] = (),
) -> ReviewPage:
    shell = staff_shell(request, principal, rooms=rooms, current="queue")

    def read() -> ReviewPage:
        with rooms.database.read() as session:
            return read_review(
                session,
                rooms.clock.now(session),
                get_verification(session, verification),
                shell=shell,
                actor=principal.actor,
                case_url=rooms.case_url,
                values=values or DecisionValues(),
                errors=errors,
            )

    page = read()
    if page.claim is not ClaimState.MINE:
        return page
    verify_may(principal, Action.DOCUMENT_LIST)
    expected = rooms.views.view_expected(verification, viewer=viewer_of(principal))
    typed = rooms.views.view_details(verification, viewer=viewer_of(principal))
    notes = open_notes(rooms.database, rooms.vault, verification)
    page = read()  # once more: the view renewed the claim, and what ended meanwhile is not shown
    if page.claim is not ClaimState.MINE:
        return page
    with rooms.database.read() as session:
        policy = get_policy(session, get_verification(session, verification))
        return replace(
            page,
            expected=tell_expected(policy, expected),
            details=tell_details(policy, compare_details(policy, typed.details, expected)),
            captions=tell_captions(policy, typed.captions),
            pages=tuple(replace(each, caption=typed.captions.get(each.slot, "")) for each in page.pages),
            notes=tell_notes(session, notes),
        )


@router.post("/review/{verification}/claim")
def claim(verification: str, principal: PagePrincipal, rooms: StaffRoomsDep, _: SignedForm) -> Response:
    """Take the verification, or see who has it."""
    verify_may(principal, Action.CLAIM_TAKE)
    try:
        with rooms.database.write() as session:
            now = rooms.clock.now(session)
            claims.claim(session, now, VerificationId(verification), actor=principal.actor)
    except (ClaimedByOtherError, FourEyesError, WrongStateError):
        return go_to(f"/review/{verification}")  # which says why
    return go_to(f"/review/{verification}")


@router.post("/review/{verification}/release")
def release(verification: str, principal: PagePrincipal, rooms: StaffRoomsDep, _: SignedForm) -> Response:
    """Give the verification back; one that is held no longer is as good as given back."""
    verify_may(principal, Action.CLAIM_RELEASE)
    try:
        with rooms.database.write() as session:
            now = rooms.clock.now(session)
            claims.release(session, now, VerificationId(verification), actor=principal.actor)
    except NotClaimedError:
        return go_to("/queue")
    return go_to("/queue")


@router.post("/review/{verification}/decision")
def decide(
    request: Request, verification: str, principal: PagePrincipal, rooms: StaffRoomsDep, form: SignedForm
) -> Response:
    """Decide; a refusal keeps the page, with the error on it and everything that was chosen."""
    verify_may(principal, Action.DECISION_MAKE)
    id_, values = VerificationId(verification), _read_values(form)
    errors, status = _find_mistakes(values), 422
    if not errors:
        try:
            rooms.decisions.decide(id_, _to_decision(form, values), actor=principal.actor, once=EVERY_TIME)
        except _NOTHING_TO_MEND:
            raise
        except VerifierError as error:
            errors, status = explain_refusal(error, fields=_FIELDS, otherwise="outcome")
        else:
            return go_to(f"/queue?decided={id_}")
    page = _open_review(request, id_, principal, rooms=rooms, values=values, errors=errors)
    return show(page, status=status)


def _read_values(form: StaffForm) -> DecisionValues:
    return DecisionValues(
        outcome=form.get("outcome"),
        reasons=frozenset(form.get_all("reasons")),
        documents=frozenset(form.get_all("documents")),
        note=form.get("note"),
    )


def _find_mistakes(values: DecisionValues) -> tuple[FieldError, ...]:
    _ = translator(LOCALE)
    errors = []
    if values.outcome not in set(Outcome):
        errors.append(FieldError(field="outcome", sentence=_("Choose what you decided.")))
    if len(values.note) > _LONGEST_NOTE:
        errors.append(FieldError(field="note", sentence=_("Keep the note to 2,000 characters.")))
    return tuple(errors)


def _to_decision(form: StaffForm, values: DecisionValues) -> Decision:
    # Without scripts every field is sent: only those of the chosen outcome are meant.
    outcome = Outcome(values.outcome)
    asks_again = outcome is Outcome.RESUBMIT
    again = form.get_all("documents") if asks_again else []
    return Decision(
        outcome=outcome,
        reasons=form.get_all("reasons") if asks_again or outcome is Outcome.REJECT else (),
        documents=[DocumentId(each) for each in again if not each.startswith(DETAIL)],
        details=[each.removeprefix(DETAIL) for each in again if each.startswith(DETAIL)],
        note=values.note or None,
    )

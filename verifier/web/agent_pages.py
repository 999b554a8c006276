"""The agent's pages: a new request with its form, my cases and the desk's, one case with its link and receipts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from policies.access import Action
from policies.model import Policy
from verifier.errors import VerifierError
from verifier.evidence.documents import get_document_of
from verifier.evidence.tables import DocumentRow
from verifier.ids import DocumentId, VerificationId
from verifier.locales import NO_HINT, parse_hint, translator
from verifier.staff.principal import Principal, verify_may
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import get_verification
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.reference import parse_reference
from verifier.verifications.service import NewVerification
from verifier.web.agent_api import PAGE_ROWS, find_next_cursor, read_page
from verifier.web.agent_views import read_case, tell_case_row, tell_languages, tell_link, tell_policies
from verifier.web.answers.answer import N_
from verifier.web.link_showing import note_link_shown
from verifier.web.pages.agent import NewPage, NewResult, NewValues
from verifier.web.pages.common import FieldError
from verifier.web.principals import PagePrincipal
from verifier.web.rooms import StaffRooms, StaffRoomsDep
from verifier.web.staff_receipts import ReceiptForm, show_receipt_of
from verifier.web.staff_route import SignedForm, StaffForm, StaffRoute, explain_refusal, go_to, show
from verifier.web.staff_views import LOCALE, staff_shell

router: Final = APIRouter(tags=["agent"], route_class=StaffRoute, include_in_schema=False)

_LONGEST_VALUE: Final = 200
_FIELDS: Final = {
    "invalid_reference": (
        "reference",
        N_("Give the case number: up to 64 letters and digits, and of signs only . _ : / # and -."),
    ),
    "reference_looks_like_address": (
        "reference",
        N_("This looks like an e-mail address or a phone number. Give the case number, which names nobody."),
    ),
    "verification_exists": (
        "reference",
        N_(
            "There is a live request for this case number, from somebody else or with other details. "
            "Go on with it, or cancel it first."
        ),
    ),
    "unknown_policy": ("policy", N_("Choose what it is about from the list.")),
    "unknown_locale": ("locale", N_("Choose a language from the list.")),
}
"""Which field a refusal is about, in the words of the form; what is no field's fault stands at the button."""
_FIND: Final = {code: ("find", _FIELDS[code][1]) for code in ("invalid_reference", "reference_looks_like_address")}

Short = Annotated[str, Field(max_length=_LONGEST_VALUE)]


class NewQuery(BaseModel):
    """What the form begins with, what was just made, and which cases are shown beside it."""

    reference: Short = ""
    policy: Short = ""
    locale: Short = NO_HINT
    whose: Literal["mine", "all"] = "mine"
    find: Short = ""
    cursor: Short | None = None
    made: Short | None = None
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which cases are shown: mine or the desk's, or those of one case number, which are anybody's."""

    whose: str = "mine"
    find: str = ""
    cursor: str | None = None

    def address_from(self, cursor: str) -> str:
        """Where the list goes on."""
        asked = urlencode({"whose": self.whose, **({"find": self.find} if self.find else {}), "cursor": cursor})
        return f"/new?{asked}#cases-title"


_MINE: Final = Wanted()


@router.get("/new")
def ask_new(
    request: Request, query: Annotated[NewQuery, Query()], principal: PagePrincipal, rooms: StaffRoomsDep
) -> Response:
    """The form, prefilled from the address; what was just made; and the cases."""
    verify_may(principal, Action.VERIFICATION_CREATE)
    result = None
    if query.made is not None:
        result = _find_result(query.made, principal=principal, rooms=rooms, is_same=query.again)
        if result is None:
            return go_to(f"/cases/{query.made}")
    values = NewValues(reference=query.reference, policy=query.policy, locale=query.locale)
    find = query.find.strip()
    errors, status = _verify_find(find)
    wanted = _MINE if errors else Wanted(whose=query.whose, find=find, cursor=query.cursor)
    page = _read_new(request, principal, rooms=rooms, values=values, result=result, wanted=wanted, errors=errors)
    return show(replace(page, find=find), status=status)


def _verify_find(find: str) -> tuple[tuple[FieldError, ...], int]:
    """What is wrong with the number that is looked for, and the status of the page that says so."""
    try:
        if find:
            parse_reference(find)
    except VerifierError as error:
        return explain_refusal(error, fields=_FIND, otherwise="find")
    return (), 200


def _find_result(made: str, *, principal: Principal, rooms: StaffRooms, is_same: bool) -> NewResult | None:
    """What was made, while its link is there to be shown."""
    noted = note_link_shown(rooms, principal, VerificationId(made))
    with rooms.database.read() as session:
        row = get_verification(session, VerificationId(made))
        if noted is None or is_terminal(row.state):
            return None
        link = tell_link(row, noted=noted, rooms=rooms)
        return NewResult(verification_id=row.id, reference=row.reference or row.id, link=link, is_same=is_same)


def _askable(rooms: StaffRooms, *, chosen: str) -> Mapping[str, Policy]:
    """What can be asked for here, where nobody gives contact points; and what a link to this page asks for anyway."""
    found = {name: each for name, each in rooms.policies.items() if not rooms.requests.needs_contacts(each)}
    found |= {chosen: rooms.policies[chosen]} if chosen in rooms.policies else {}
    return found or rooms.policies


def _read_new(
    request: Request,
    principal: Principal,
    *,
    rooms: StaffRooms,
    values: NewValues,
    result: NewResult | None = None,
    wanted: Wanted = _MINE,
    errors: tuple[FieldError, ...] = (),
) -> NewPage:
    verify_may(principal, Action.VERIFICATION_LIST)
    with rooms.database.read() as session:
        now = rooms.clock.now(session)
        rows = read_page(
            session,
            status=None,
            reference=wanted.find or None,
            created_by=principal.actor if wanted.whose == "mine" and not wanted.find else None,
            cursor=wanted.cursor,
        )
        cases = tuple(tell_case_row(row, now, policies=rooms.policies) for row in rows[:PAGE_ROWS])
    following = find_next_cursor(rows)
    shell = staff_shell(request, principal, rooms=rooms, current="new")
    return NewPage(
        errors=errors,
        shell=shell,
        form_token=shell.form_token,
        policies=tell_policies(_askable(rooms, chosen=values.policy)),
        languages=tell_languages(),
        values=values,
        result=result,
        cases=cases,
        older_url=None if following is None else wanted.address_from(following),
        shows_all=wanted.whose == "all",
        found_for=wanted.find,
    )


@router.post("/new")
def make_new(request: Request, principal: PagePrincipal, rooms: StaffRoomsDep, form: SignedForm) -> Response:
    """Make a request, then show its link; a refusal keeps what was typed."""
    verify_may(principal, Action.VERIFICATION_CREATE)
    values = _read_values(form)
    errors, status = _find_too_long(values), 422
    if not errors:
        try:
            wanted = _to_request(values)
            # A form that is sent twice finds the live verification of the first time, so it needs no key.
            created = rooms.requests.create(wanted, actor=principal.actor, once=EVERY_TIME)
        except VerifierError as error:
            errors, status = explain_refusal(error, fields=_FIELDS, otherwise="make")
        else:
            return go_to(f"/new?made={created.id}" + ("" if created.is_new else "&again=true"))
    return show(_read_new(request, principal, rooms=rooms, values=values, errors=errors), status=status)


def _read_values(form: StaffForm) -> NewValues:
    policy = form.get("policy")
    prefix = f"expected.{policy}."
    return NewValues(
        reference=form.get("reference"),
        policy=policy,
        locale=form.get("locale"),
        # Without scripts the fields of every policy are sent: only those of the chosen one are meant.
        expected={name.removeprefix("expected."): form.get(name) for name in form.names() if name.startswith(prefix)},
    )


def _to_request(values: NewValues) -> NewVerification:
    expected = {name.partition(".")[2]: value for name, value in values.expected.items() if value}
    hint = parse_hint(values.locale)
    return NewVerification(reference=values.reference, policy=values.policy, locale=hint, expected=expected)


def _find_too_long(values: NewValues) -> tuple[FieldError, ...]:
    _ = translator(LOCALE)
    sentence = _("Keep it to 200 characters.")
    return tuple(
        FieldError(field=f"expected-{name.replace('.', '-', 1)}", sentence=sentence)
        for name, value in values.expected.items()
        if len(value) > _LONGEST_VALUE
    )


@router.get("/cases/{verification}")
def show_case(
    request: Request, verification: str, principal: PagePrincipal, rooms: StaffRoomsDep, renewed: bool = False
) -> Response:
    """One case: its link while it lives, its outcome, its documents without what is in them."""
    verify_may(principal, Action.VERIFICATION_READ)
    noted = note_link_shown(rooms, principal, VerificationId(verification))
    with rooms.database.read() as session:
        row = get_verification(session, VerificationId(verification))
        page = read_case(
            session, row, request=request, principal=principal, rooms=rooms, noted=noted, is_renewed=renewed
        )
    return show(page)


@router.post("/cases/{verification}/renew")
def renew_link(verification: str, principal: PagePrincipal, rooms: StaffRoomsDep, _: SignedForm) -> Response:
    """The next link; the old one ends, and contact checks with it."""
    verify_may(principal, Action.LINK_RENEW)
    rooms.requests.renew_link(VerificationId(verification), actor=principal.actor, once=EVERY_TIME)
    return go_to(f"/cases/{verification}?renewed=true")


@router.post("/cases/{verification}/cancel")
def cancel(verification: str, principal: PagePrincipal, rooms: StaffRoomsDep, _: SignedForm) -> Response:
    """End the verification; everything that was sent is destroyed."""
    verify_may(principal, Action.VERIFICATION_CANCEL)
    rooms.verifications.cancel(VerificationId(verification), actor=principal.actor, once=EVERY_TIME)
    return go_to(f"/cases/{verification}")


@router.get("/cases/{verification}/receipts/{document}")
def show_receipt(
    request: Request,
    verification: str,
    document: str,
    principal: PagePrincipal,
    rooms: StaffRoomsDep,
    format_: ReceiptForm = "page",
) -> Response:
    """The deletion receipt of one document: to read and print, or the file that tools check."""
    verify_may(principal, Action.RECEIPT_READ)

    def find(session: Session) -> DocumentRow:
        row = get_verification(session, VerificationId(verification))
        return get_document_of(session, row.id, DocumentId(document))

    case = f"/cases/{verification}"
    return show_receipt_of(
        request, principal, find, rooms=rooms, form=format_, current="new", base_url=case, back_url=case
    )

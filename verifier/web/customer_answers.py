"""The same facts for a person and for a program: pages as HTML, or their JSON twin where `Accept` asks."""

from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from verifier.errors import VerifierError
from verifier.verifications import links
from verifier.verifications.errors import LinkExpiredError, LinkFinishedError, LinkReplacedError, UnknownLinkError
from verifier.verifications.tables import LinkRow, VerificationRow
from verifier.web.asked import asked_page
from verifier.web.customer_views import CustomerReading
from verifier.web.pages.common import CustomerShell
from verifier.web.pages.customer import LandingPage, LinkExpiredPage, LinkUnknownPage, Refusal, SlotCard
from verifier.web.problems import prefers_html, refuse
from verifier.web.rooms import Rooms
from verifier.web.speaking import show_page
from verifier.web.step_views import find_only_check


def tell_landing(request: Request, page: LandingPage) -> Response:
    if prefers_html(request):
        return show_page(request, page)
    return JSONResponse(
        {
            "form_token": page.form_token,
            "reference": page.case.reference,
            "action": page.case.action,
            "phrase": page.case.phrase,
            "desk": page.shell.desk,
            "expires_at": page.expires_at.isoformat(),
        }
    )


def tell_page(request: Request, reading: CustomerReading, *, verification: str, form_token: str) -> Response:
    """What is due while something is asked for, the status page otherwise."""
    if not prefers_html(request):
        return JSONResponse(
            {
                "id": verification,
                "status": reading.status,
                "form_token": form_token,
                "slots": [_tell_card(card) for card in reading.cards()],
                "details": [{"name": each.name, "given": each.is_given} for each in reading.questions],
                "proof": reading.line,
                "accepted_proofs": list(reading.offers.lines),
                "can_submit": reading.can_submit(),
                "changed": reading.changed(),
            }
        )
    if not reading.is_asked:
        return show_page(request, reading.status_page())
    only = find_only_check(reading)
    if only is not None:
        return RedirectResponse(f"/verification/{verification}/contacts/{only.contact}/{only.by}", status_code=303)
    return show_page(request, asked_page(reading, form_token=form_token))


def _tell_card(card: SlotCard) -> dict[str, object]:
    return {
        "slot": card.slot,
        "label": card.label,
        "state": card.state,
        "document": card.document,
        "pages": card.pages,
        "removed": card.removed,
        "refusal": _tell_refusal(card.refusal),
        "asked_again": card.asked_again,
    }


def _tell_refusal(refusal: Refusal | None) -> dict[str, str] | None:
    if refusal is None:
        return None
    return {"code": refusal.code, "sentence": refusal.sentence, "next_step": refusal.next_step}


def tell_link_problem(request: Request, error: VerifierError, *, token: str, rooms: Rooms) -> Response:
    """A link that does not work, as a page of its own; everything else goes to the one table."""
    if not prefers_html(request):
        raise error
    shell = CustomerShell(desk=rooms.desk_name)
    if isinstance(error, UnknownLinkError | LinkReplacedError | LinkFinishedError):
        return show_page(request, LinkUnknownPage(shell=shell), status=refuse(error).status)
    if isinstance(error, LinkExpiredError):
        with rooms.database.read() as session:
            link = session.get_one(LinkRow, links.digest_token(token))
            row = session.get_one(VerificationRow, link.verification_id)
        page = LinkExpiredPage(shell=shell, reference=row.reference or "", expired_at=row.link_expires_at)
        return show_page(request, page, hint=row.locale, status=refuse(error).status)
    raise error  # and is counted there

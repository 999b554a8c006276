"""The exit for whoever did not ask: the page that the notice to the other contact point leads to.

Guarantees: a GET changes nothing, however often mail scanners fetch it; a person's POST ends the verification as "not
me" and the desk sees it. The page opens nothing and shows no more than the landing page does.
"""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from policies.model import Policy
from verifier import faults
from verifier.contacts.exits import get_exit_verification, leave
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationRow
from verifier.web.csrf import verify_form_token, verify_same_site
from verifier.web.customer_session import FORM_KEY, FormToken, token_for_forms
from verifier.web.law_views import tell_laws
from verifier.web.pages.common import CustomerShell
from verifier.web.pages.exits import ExitPage
from verifier.web.problems import prefers_html
from verifier.web.rooms import Rooms, RoomsDep
from verifier.web.speaking import show_page, speak

router: Final = APIRouter(prefix="/n", tags=["customer"])


@router.get("/{token}")
def ask(request: Request, token: str, rooms: RoomsDep) -> Response:
    """Ask whether to end it. Changes nothing."""
    with rooms.database.read() as session:
        row = get_exit_verification(session, token)
        rooms.throttle.count_link(_exit_of(row))
        policy = get_policy(session, row)
    return _tell(request, row, policy=policy, form_token=token_for_forms(token), rooms=rooms)


@router.post("/{token}")
def not_me(request: Request, token: str, rooms: RoomsDep, form_token: FormToken = "") -> Response:
    """End it: the account's owner did not ask for this."""
    verify_same_site(request, method=request.method, public_url=rooms.public_url)
    verify_form_token(form_token, key=FORM_KEY, session=token)
    with rooms.database.write() as session:
        row = leave(session, rooms.clock.now(session), token)
        rooms.throttle.count_link(_exit_of(row))
        policy = get_policy(session, row)
    faults.hit("exit.used")
    return _tell(request, row, policy=policy, form_token="", rooms=rooms)


def _exit_of(row: VerificationRow) -> str:
    """What requests for the exit count under: apart from the link, whose holder could otherwise keep the owner here."""
    return f"{row.id}/exit"


def _tell(request: Request, row: VerificationRow, *, policy: Policy, form_token: str, rooms: Rooms) -> Response:
    locale = speak(request, hint=row.locale)
    action = policy.title.in_language(locale)
    if not prefers_html(request):
        return JSONResponse({"status": row.state, "action": action, "form_token": form_token})
    page = ExitPage(
        shell=CustomerShell(desk=rooms.desk_name, laws=tell_laws(policy, locale=locale)),
        reference=row.reference or "",
        action=action,
        form_token=form_token,
        is_over=is_terminal(row.state),
        is_noted=not form_token,
    )
    return show_page(request, page, hint=row.locale)

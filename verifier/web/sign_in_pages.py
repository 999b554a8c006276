"""Signing in and out. A one-time address is the only way in: looking at it changes nothing, its button signs in."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response

from verifier.errors import VerifierError
from verifier.staff import service
from verifier.staff.names import get_invite_end
from verifier.web.csrf import form_token, verify_form_token, verify_same_site
from verifier.web.pages.staff import SignInLandingPage, SignInPage
from verifier.web.rooms import StaffRoomsDep
from verifier.web.staff_route import SIGN_IN, SignedForm, StaffRoute, go_to, show
from verifier.web.staff_views import bare_shell

router: Final = APIRouter(tags=["staff"], route_class=StaffRoute, include_in_schema=False)


@router.get(SIGN_IN)
def explain_sign_in(request: Request, rooms: StaffRoomsDep, after: str = "") -> Response:
    """How one gets in; on to the work for who is in already."""
    try:
        rooms.principals.from_session(request)
    except VerifierError:
        return show(SignInPage(shell=bare_shell(desk=rooms.desk_name), has_signed_out=after == "sign-out"))
    return go_to("/")


@router.get("/sign-in/{token}")
def look_at_invite(token: str, rooms: StaffRoomsDep) -> Response:
    """The page of a good invitation. Changes nothing, however often scanners fetch it."""
    with rooms.database.read() as session:
        expires_at = get_invite_end(session, rooms.clock.now(session), token)
    page = SignInLandingPage(
        shell=bare_shell(desk=rooms.desk_name),
        open_url=f"/sign-in/{token}",
        # There is no session yet: the form belongs to whoever holds the address.
        form_token=form_token(rooms.principals.form_key, session=token),
        expires_at=expires_at,
    )
    return show(page)


@router.post("/sign-in/{token}")
def redeem_invite(
    request: Request,
    token: str,
    rooms: StaffRoomsDep,
    given: Annotated[str, Form(alias="form_token", max_length=200)] = "",
) -> Response:
    """Sign in, once; an earlier session of this browser ends."""
    verify_same_site(request, method=request.method, public_url=rooms.principals.public_url)
    verify_form_token(given, key=rooms.principals.form_key, session=token)
    with rooms.database.write() as session:
        now = rooms.clock.now(session)
        session_token = service.redeem_invite(session, now, token)
        service.sign_out(session, now, request.cookies.get(rooms.principals.cookie_name, ""))
    response = go_to("/")
    rooms.principals.set_cookie(response, token=session_token)
    return response


@router.post("/sign-out")
def sign_out(request: Request, rooms: StaffRoomsDep, _: SignedForm) -> Response:
    """End this session."""
    with rooms.database.write() as session:
        token = request.cookies.get(rooms.principals.cookie_name, "")
        service.sign_out(session, rooms.clock.now(session), token)
    response = go_to(f"{SIGN_IN}?after=sign-out")
    rooms.principals.clear_cookie(response)
    return response

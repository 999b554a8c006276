"""The web process's app: which routers it has, and the plumbing around them.

Guarantees: every route but health counts against its network's limit; every refusal has its problem or its page; no
page, and no description of the API, comes from anywhere else than here. The house stays its opener's: nothing that
the app was handed is closed here.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from verifier.ids import ID_PATTERN
from verifier.web import (
    agent_api,
    auditor_api,
    contact_api,
    customer,
    customer_checks,
    customer_details,
    customer_steps,
    exits,
    health,
    reviewer_api,
    staff_pages,
)
from verifier.web.headers import install_plumbing
from verifier.web.pages import render
from verifier.web.pages.assets import get_asset
from verifier.web.pages.common import CustomerShell, ProblemPage
from verifier.web.principals import Principals
from verifier.web.problems import Problem, RenderPage
from verifier.web.rooms import Rooms, StaffRooms
from verifier.web.speaking import speak
from verifier.web.staff_views import bare_shell
from verifier.web.throttle import Throttle, limit_network, throttle_from
from verifier.wiring import House, Part

STREAMS: Final = re.compile(r"/v1/verifications/[^/]+/(documents|contact-checks/message)|/verification/[^/]+/documents")
_CUSTOMER: Final = re.compile(r"/(n|v|verification)(/.*)?")
_PART_OF_A_VERIFICATION: Final = re.compile(r"(/verification/([^/]+))/.+")


def create_app(house: House, *, warnings: Sequence[str] = ()) -> FastAPI:
    """The app of an open house. `warnings` are sentences that staff see on every page."""
    is_staff = Part.STAFF in house.rights.parts
    rooms = _furnish_for_staff(house, warnings) if is_staff else _furnish(house)
    app = FastAPI(
        title="Verifier",
        version="1",
        openapi_url="/v1/openapi.json" if is_staff else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.rooms = rooms
    if isinstance(rooms, StaffRooms):
        app.state.principals = rooms.principals
    _include_routers(app, rooms.throttle, house.rights.parts)
    app.add_api_route("/static/{name}", _serve_asset, methods=["GET"], include_in_schema=False)
    is_https = house.settings.own_address.startswith("https://")
    install_plumbing(app, is_https=is_https, render_page=_problem_page(house.settings.desk_name), streams=STREAMS)
    return app


def _furnish(house: House) -> Rooms:
    settings = house.settings
    return Rooms(
        database=house.database,
        clock=house.clock,
        vault=house.vault,
        uploads=house.uploads,
        throttle=throttle_from(settings),
        log_key=house.log_key,
        public_url=settings.public_url,
        desk_name=settings.desk_name,
        intake_closes_after=settings.intake_closes_after,
    )


def _furnish_for_staff(house: House, warnings: Sequence[str]) -> StaffRooms:
    settings, shared = house.settings, _furnish(house)
    principals = Principals(house.database, house.clock, shared.throttle, settings.staff_address, house.form_key)
    return StaffRooms(
        **vars(shared),
        policies=house.policies,
        verifications=house.verifications,
        requests=house.requests,
        views=house.views,
        decisions=house.decisions,
        principals=principals,
        digest_key=house.digest_key,
        case_url=settings.case_url,
        warnings=tuple(warnings),
    )


def _include_routers(app: FastAPI, throttle: Throttle, parts: AbstractSet[Part]) -> None:
    """Each tier answers its own addresses only: what it has no router for it does not know."""
    limited = [Depends(limit_network(throttle))]
    if Part.CUSTOMER in parts:
        for audience in (customer, customer_checks, customer_details, customer_steps, exits):
            app.include_router(audience.router, dependencies=limited)
    if Part.STAFF in parts:
        for audience in (agent_api, contact_api, reviewer_api, auditor_api, staff_pages):
            app.include_router(audience.router, dependencies=limited)
    app.include_router(health.router)  # unlimited: a busy network must not make the service look dead


def _serve_asset(request: Request, name: str) -> Response:
    """One of our own files. Only the address with this very version's digest may be kept for ever."""
    asset = get_asset(name)
    accept_encoding = request.headers.get("accept-encoding", "")
    headers = asset.headers(accept_encoding=accept_encoding)
    if request.query_params.get("v") != asset.digest:
        headers["Cache-Control"] = "no-cache"
    return Response(asset.body(accept_encoding=accept_encoding), headers=headers)


def _problem_page(desk: str) -> RenderPage:
    def render_page(problem: Problem, request: Request) -> str:
        path = request.url.path
        back_url = _find_back_url(path, code=problem.code)
        page = ProblemPage(
            shell=CustomerShell(desk=desk) if _CUSTOMER.fullmatch(path) else bare_shell(desk=desk),
            title=problem.title,
            sentence=problem.detail,
            next_step=problem.next_step,
            code=problem.code,
            back_url=back_url,
        )
        # What a form was refused with cannot be fetched again: the switcher leads back to the verification's page. Else
        # it leads to where the browser is, without repeating an address that anybody may have made up.
        here = back_url if request.method != "GET" and back_url else ""
        return render(page, locale=speak(request), here=here)

    return render_page


def _find_back_url(path: str, *, code: str) -> str | None:
    """Where the next step is: the verification's own page after a refused upload, the door for who is not signed in."""
    part = _PART_OF_A_VERIFICATION.fullmatch(path)
    if part is not None and ID_PATTERN.fullmatch(part[2]):  # what is not our own form is not repeated
        return part[1]
    return "/sign-in" if code == "sign_in_needed" else None

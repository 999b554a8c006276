"""The pages of staff: one router of four parts, and the address at which everyone begins."""

from typing import Final

from fastapi import APIRouter, Response

from verifier.staff.errors import ForbiddenError
from verifier.web import agent_check_pages, agent_pages, auditor_pages, reviewer_pages, sign_in_pages
from verifier.web.principals import PagePrincipal
from verifier.web.staff_route import StaffRoute, go_to
from verifier.web.staff_views import find_first_page

router: Final = APIRouter(tags=["staff"], route_class=StaffRoute, include_in_schema=False)


@router.get("/")
def begin(principal: PagePrincipal) -> Response:
    """The first page that the roles have."""
    first = find_first_page(principal)
    if first is None:
        raise ForbiddenError
    return go_to(first)


for _part in (sign_in_pages, agent_pages, agent_check_pages, reviewer_pages, auditor_pages):
    router.include_router(_part.router)

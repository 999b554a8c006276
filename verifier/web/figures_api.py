"""How much was solved with no document, and how much without a person: over HTTP, for auditors."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from policies.access import Action
from verifier.reviews.figures import count_solved
from verifier.staff.principal import verify_may
from verifier.web.principals import AnyPrincipal
from verifier.web.rooms import StaffRoomsDep

router: Final = APIRouter(prefix="/v1", tags=["auditor"])

LAST_DAYS: Final = 30


class FiguresQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(LAST_DAYS, ge=1, le=3_660, description="how many days back")


class FiguresAnswer(BaseModel):
    """Verifications that were approved. Shares are of 1, and null where there is nothing to share."""

    since: datetime
    solved: int
    without_document: int = Field(description="no document ever arrived")
    without_person: int = Field(description="contact checks decided alone")
    share_without_document: float | None
    share_without_person: float | None


@router.get("/figures")
def read_figures(
    query: Annotated[FiguresQuery, Query()], principal: AnyPrincipal, rooms: StaffRoomsDep
) -> FiguresAnswer:
    """What was solved, and how little it took."""
    verify_may(principal, Action.RETENTION_READ)
    with rooms.database.read() as session:
        since = rooms.clock.now(session) - timedelta(days=query.days)
        solved = count_solved(session, since=since)
    return FiguresAnswer(
        since=since,
        solved=solved.total,
        without_document=solved.without_document,
        without_person=solved.without_person,
        share_without_document=solved.share_without_document,
        share_without_person=solved.share_without_person,
    )

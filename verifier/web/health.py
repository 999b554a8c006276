"""Health, for whoever watches the service: alive, and ready or not, and then which part is not.

Guarantees: nothing personal, no numbers, no addresses; `ready` means that there is room on the disk, and that a
document could be taken in now, shown and destroyed. Leaves to others: limits of one verification and of the whole
installation, and what to do about it (`verifier doctor` says that to the operator).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from verifier.audit.service import verify_log_keeps_up
from verifier.db.installation import verify_clock
from verifier.errors import VerifierError
from verifier.ids import InstallationId
from verifier.telemetry import get_log
from verifier.vault.errors import NotGivenError, WrongInstallationError
from verifier.verifications.intake import find_due_since
from verifier.web.rooms import Rooms, RoomsDep

router: Final = APIRouter(prefix="/health", tags=["health"])

Part = Literal["database", "objects", "keys", "log", "disposal", "clock", "disk"]


class AliveAnswer(BaseModel):
    status: Literal["alive"] = "alive"


class ReadyAnswer(BaseModel):
    """`failing` names the parts that keep the service from being ready."""

    status: Literal["ready", "not_ready"]
    failing: list[Part]


@router.get("/live")
def alive() -> AliveAnswer:
    """The process answers."""
    return AliveAnswer()


@router.get("/ready", responses={503: {"model": ReadyAnswer}})
def ready(response: Response, rooms: RoomsDep) -> ReadyAnswer:
    """Whether every part that a verification needs answers now; 503 names those that do not."""
    failing = find_failing_parts(rooms)
    if not failing:
        return ReadyAnswer(status="ready", failing=[])
    response.status_code = 503
    return ReadyAnswer(status="not_ready", failing=failing)


def find_failing_parts(rooms: Rooms) -> list[Part]:
    """The parts that do not answer, or answer that they must not be used."""
    failing: list[Part] = []
    with _noting("objects", failing):
        _verify_mark(rooms, rooms.vault.objects.read_installation)
    with _noting("keys", failing):
        _verify_mark(rooms, rooms.vault.keys.read_installation)
    with _noting("disk", failing):
        rooms.uploads.verify_room_to_work()
    with _noting("database", failing), rooms.database.read() as session:
        _find_failing_duties(session, rooms, failing)
    return failing


def _find_failing_duties(session: Session, rooms: Rooms, failing: list[Part]) -> None:
    now = rooms.clock.now(session)
    with _noting("clock", failing):
        verify_clock(session, now)
    with _noting("log", failing):
        verify_log_keeps_up(session, now)
    due_since = find_due_since(session, now)
    if due_since is not None and now - due_since > rooms.intake_closes_after:
        failing.append("disposal")


def _verify_mark(rooms: Rooms, read_installation: Callable[[], InstallationId | None]) -> None:
    with suppress(NotGivenError):  # the customers' tier has no key store that could fail it
        if read_installation() != rooms.vault.installation:
            raise WrongInstallationError


@contextmanager
def _noting(part: Part, failing: list[Part]) -> Iterator[None]:
    try:
        yield
    except (VerifierError, SQLAlchemyError, OSError) as error:
        get_log().error("health.failing", part=part, exc_info=error)
        failing.append(part)

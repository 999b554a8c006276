"""One request, one change, however often it is sent: the seam to whoever remembers requests."""

from datetime import datetime
from typing import Final, Protocol, TypeVar

from sqlalchemy.orm import Session

from verifier.ids import VerificationId

Made = TypeVar("Made", bound=str)
"""The kind of id of what a request makes, or changes."""


class Once(Protocol[Made]):
    """Tells a repetition from a new request. Asked and kept in the transaction that changes it."""

    def find(self, session: Session, now: datetime) -> Made | None: ...

    def keep(self, session: Session, now: datetime, made: Made) -> None: ...


class _EveryTime:
    def find(self, session: Session, now: datetime) -> VerificationId | None:
        return None

    def keep(self, session: Session, now: datetime, made: VerificationId) -> None:
        return None


EVERY_TIME: Final[Once[VerificationId]] = _EveryTime()
"""For a person at a page: each press of a button is a request of its own."""

"""One request, one change, however often it is sent: the seam to whoever remembers requests."""

from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.orm import Session

from verifier.ids import VerificationId


class Once(Protocol):
    """Tells a repetition from a new request. Asked and kept in the transaction that changes it."""

    def find(self, session: Session, now: datetime) -> VerificationId | None: ...

    def keep(self, session: Session, now: datetime, verification: VerificationId) -> None: ...


class _EveryTime:
    def find(self, session: Session, now: datetime) -> VerificationId | None:
        return None

    def keep(self, session: Session, now: datetime, verification: VerificationId) -> None:
        return None


EVERY_TIME: Final[Once] = _EveryTime()
"""For a person at a page: each press of a button is a request of its own."""

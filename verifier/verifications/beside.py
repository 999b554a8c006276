"""What other rooms keep of a request, in the transaction that creates the verification, and what ends with its link:
the seams to them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.orm import Session

from verifier.verifications.tables import VerificationRow


class Beside(Protocol):
    """Comes with a request. `describe` tells a repetition from another request, and is kept only as a keyed digest."""

    def describe(self) -> Sequence[str]: ...

    def keep(self, session: Session, now: datetime, row: VerificationRow) -> None: ...


class _Nothing:
    def describe(self) -> Sequence[str]:
        return ()

    def keep(self, session: Session, now: datetime, row: VerificationRow) -> None:
        return None


NOTHING: Final[Beside] = _Nothing()

EndWithLink = Callable[[Session, datetime, VerificationRow], None]
"""Ends what came with the links before, in the transaction that issues the next one."""

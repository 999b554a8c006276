"""For tests in which the end of a notice means nothing to anybody."""

from datetime import datetime

from sqlalchemy.orm import Session

from verifier.ids import VerificationId
from verifier.notices.service import ClosedNotice


class Unconcerned:
    """Whom the end of a notice does not concern."""

    def lock(self, _session: Session, _verification: VerificationId) -> None:
        """There is nothing to change."""

    def note(self, _session: Session, _now: datetime, _closed: ClosedNotice) -> None:
        """Nothing follows."""

"""Who of the desk had a hand in a verification: who asked for it, saw or renewed its link, or sent documents.

Whoever has the link can act as the customer. So showing it is logged, and whoever saw it is one of the two pairs of
eyes already, where the policy asks for four.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.ids import VerificationId
from verifier.verifications.tables import HandlerRow


def has_handled(session: Session, verification: VerificationId, *, actor: str) -> bool:
    return session.get(HandlerRow, (verification, actor)) is not None


def note_handler(session: Session, verification: VerificationId, *, actor: str) -> None:
    if not has_handled(session, verification, actor=actor):
        session.add(HandlerRow(verification_id=verification, actor=actor))


def show_link(session: Session, now: datetime, verification: VerificationId, *, actor: str) -> None:
    """Note and log that somebody is shown the link for the first time."""
    if has_handled(session, verification, actor=actor):
        return
    note_handler(session, verification, actor=actor)
    record(session, now, EntryKind.LINK_SHOWN, {"verification": verification, "actor": actor})

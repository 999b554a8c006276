"""Job: forget what is over: sessions, invitations, idempotency keys, notices, counts, contacts."""

from verifier.contacts.forgetting import forget_ended_contacts
from verifier.notices.limits import forget_send_counts
from verifier.notices.outbox import forget_notices
from verifier.staff.service import forget_ended
from verifier.verifications.moves import select_live
from verifier.web.idempotency import forget_expired
from verifier.wiring import Workshop


def forget(workshop: Workshop) -> int:
    """Always 0: there is never more of it to do at once."""
    with workshop.house.database.write() as session:
        now = workshop.house.clock.now(session)
        forget_ended(session, now)
        forget_expired(session, now)
        forget_notices(session, now, live=select_live())
        forget_ended_contacts(session, now)
        forget_send_counts(session, now)
    return 0

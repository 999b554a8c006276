"""The ends of a contact check: one step of its life, the code let go of, and the entry that says so.

Everything here happens in the caller's transaction, which has locked the verification. Leaves to others: the verdict,
and what follows from it (`GoOn`).
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.contacts.life import STATE_OF, CheckState, verify_step
from verifier.contacts.reasons import Reason
from verifier.contacts.tables import ContactCheckRow
from verifier.contacts.verdict import Verdict
from verifier.verifications.tables import VerificationRow

GoOn = Callable[[Session, datetime, VerificationRow], None]
"""What follows from the end of a check, or of what an end waited for: approve, submit, or offer another proof."""


def end_check(session: Session, now: datetime, check: ContactCheckRow, verdict: Verdict) -> None:
    """End an open check.

    Raises:
        CheckEndedError
    """
    state = STATE_OF[verdict.outcome]
    verify_step(check.state, state)
    check.state, check.reasons, check.decided_at = state, list(verdict.reasons), now
    check.code_digest = check.code_sealed = None
    session.flush()
    record(
        session,
        now,
        EntryKind.CONTACT_CHECK_JUDGED,
        {
            "verification": check.verification_id,
            "check": check.id,
            "contact": check.contact,
            "method": check.method,
            "outcome": verdict.outcome,
            "reasons": list(verdict.reasons),
        },
    )


def lapse_check(session: Session, now: datetime, check: ContactCheckRow) -> None:
    """Take a check back because its link was replaced, whether it was under way or confirmed.

    Raises:
        CheckEndedError
    """
    before = check.state
    verify_step(before, CheckState.LAPSED)
    check.state, check.reasons, check.decided_at = CheckState.LAPSED, [Reason.LINK_RENEWED], now
    check.code_digest = check.code_sealed = None
    session.flush()
    of = {"verification": check.verification_id, "check": check.id, "contact": check.contact, "method": check.method}
    record(session, now, EntryKind.CONTACT_CHECK_LAPSED, {**of, "from_state": before})

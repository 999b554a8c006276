"""What ends with a link: the checks that were shown or begun under it, and that somebody else was told.

A link is renewed because it ran out or got lost, or because somebody had it who should not have; nobody can tell which.
Guarantees: nothing that was shown or handed in before counts as evidence after; a judgement that is under way while the
link is renewed finds its submission closed, and comes to nothing; each contact point is told anew. What was tried and
sent stays counted: a renewal is no way to more guesses. Everything happens in the transaction that issues the new link,
which has locked the verification.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from verifier.contacts.ending import lapse_check
from verifier.contacts.forgetting import close_unjudged
from verifier.contacts.life import NEXT, CheckState, SubmissionKind
from verifier.contacts.reading import read_checks
from verifier.contacts.tables import ExitRow
from verifier.ids import VerificationId
from verifier.notices.kinds import NoticeKind
from verifier.notices.outbox import drop_notices

_OF_THE_LINK: Final = frozenset(SubmissionKind) - {SubmissionKind.OPENED}
"""That somebody is to be told says nothing of whoever asks: it is done whatever becomes of the link."""


def lapse_contacts(session: Session, now: datetime, verification: VerificationId) -> bool:
    """Let everything lapse that came with the link before; whether any of it was evidence."""
    close_unjudged(session, now, verification, kinds=_OF_THE_LINK)
    drop_notices(session, now, verification, kinds=frozenset({NoticeKind.CODE}))
    session.execute(update(ExitRow).where(ExitRow.verification_id == verification).values(told_at=None, told={}))
    standing = [check for check in read_checks(session, verification) if CheckState.LAPSED in NEXT[check.state]]
    was_evidence = any(check.state is CheckState.CONFIRMED for check in standing)
    for check in standing:
        lapse_check(session, now, check)
    return was_evidence

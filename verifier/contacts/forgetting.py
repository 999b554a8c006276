"""What is let go of when a verification's key is gone, or kept by a hold, and when its rows are forgotten.

Guarantees: once the key is destroyed nothing sealed is left in a row, nor a digest of an address or a code; what waited
is closed unjudged. How the checks ended stays: kinds, methods, reasons and times, which name nobody.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, update
from sqlalchemy.orm import Session

from policies.retention import DataClass
from verifier.contacts.life import Result, SubmissionKind
from verifier.contacts.tables import ContactCheckRow, ContactPointRow, ContactSubmissionRow, ExitRow, SeenOnceRow
from verifier.ids import VerificationId
from verifier.verifications.tables import VerificationRow


def forget_contacts(session: Session, now: datetime, verification: VerificationId, held: Collection[DataClass]) -> None:
    """Let go of all that was sealed to an ended verification; of its contact points unless they are `held`.

    In the transaction that attests the end of its key, and before that where a hold keeps the key. Codes, challenges
    and what waits are no law's business: they go in either case.
    """
    of = {"synchronize_session": False}
    if DataClass.CONTACT_POINTS not in held:
        session.execute(
            update(ContactPointRow)
            .where(ContactPointRow.verification_id == verification)
            .values(sealed=None, digest=None)
            .execution_options(**of)
        )
    session.execute(
        update(ContactCheckRow)
        .where(ContactCheckRow.verification_id == verification)
        .values(code_digest=None, code_sealed=None, challenge=None)
        .execution_options(**of)
    )
    close_unjudged(session, now, verification, kinds=frozenset(SubmissionKind))
    session.execute(
        update(ExitRow).where(ExitRow.verification_id == verification).values(sealed=None).execution_options(**of)
    )


def close_unjudged(
    session: Session, now: datetime, verification: VerificationId, *, kinds: Collection[SubmissionKind]
) -> None:
    """Close and clear what waits of these kinds: a judge who holds one of them loses the lease, and what it did."""
    session.execute(
        update(ContactSubmissionRow)
        .where(
            ContactSubmissionRow.verification_id == verification,
            ContactSubmissionRow.judged_at.is_(None),
            ContactSubmissionRow.kind.in_(kinds),
        )
        .values(judged_at=now, result=Result.MOOT, sealed=None, leased_until=None)
        .execution_options(synchronize_session=False)
    )


def forget_ended_contacts(session: Session, now: datetime) -> None:
    """Delete what belongs to forgotten verifications, and what need not be told from a replay any more."""
    for row in (ContactPointRow, ContactSubmissionRow, ExitRow):
        is_forgotten = exists().where(
            VerificationRow.id == row.verification_id, VerificationRow.forgotten_at.is_not(None)
        )
        session.execute(delete(row).where(is_forgotten).execution_options(synchronize_session=False))
    session.execute(delete(SeenOnceRow).where(SeenOnceRow.forget_at <= now))

"""`move()`: the one way a verification changes state; it writes row, obligations and entry together.

Also reads a verification for change: every use case that changes one locks its row first, so that two of them cannot
both win.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple, assert_never

from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.orm import Session

from policies.canonical import policy_from_canonical
from policies.model import Policy
from policies.retention import DataClass
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.prepared import Question
from verifier.db.wakeups import Work, wake
from verifier.ids import VerificationId
from verifier.notices.outbox import drop_notices
from verifier.retention import service as retention
from verifier.retention.holds import place_holds
from verifier.retention.service import Rule
from verifier.verifications.errors import TooLateError, UnknownVerificationError
from verifier.verifications.life import RULE_OF_END, VerificationState, is_key_lost, is_terminal, verify_move
from verifier.verifications.sealed_values import PREFIX_OF, read_names
from verifier.verifications.tables import (
    IS_LIVE,
    CustomerSessionRow,
    PolicyVersionRow,
    SealedValueRow,
    Standing,
    VerificationKeyRow,
    VerificationRow,
)

# A version is the digest of its content, so what was read once stays true. By version, because that saves the read of
# its text; the cache of `policy_from_canonical` saves only the parsing of one.
_policies: Final[dict[str, Policy]] = {}

_CANONICAL: Final = Question(select(PolicyVersionRow.canonical).where(PolicyVersionRow.version == bindparam("version")))

# As it is once the lock is held, whatever this session read of it before.
_LOCK: Final = (
    select(VerificationRow)
    .where(VerificationRow.id == bindparam("verification"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


class _Stood(NamedTuple):
    id: VerificationId
    policy_version: str
    locale: str
    state: VerificationState
    generation: int
    link_expires_at: datetime
    undecided_by: datetime
    ended_at: datetime | None
    forgotten_at: datetime | None


_LOCK_STANDING: Final = Question(
    select(
        VerificationRow.id,
        VerificationRow.policy_version,
        VerificationRow.locale,
        VerificationRow.state,
        VerificationRow.generation,
        VerificationRow.link_expires_at,
        VerificationRow.undecided_by,
        VerificationRow.ended_at,
        VerificationRow.forgotten_at,
    )
    .where(VerificationRow.id == bindparam("verification"))
    .with_for_update(key_share=True)
)


def get_verification(session: Session, verification: VerificationId) -> VerificationRow:
    """Read a verification.

    Raises:
        UnknownVerificationError: there is none of this id.
    """
    row = session.get(VerificationRow, verification)
    if row is None:
        raise UnknownVerificationError
    return row


def lock_verification(session: Session, verification: VerificationId) -> VerificationRow:
    """Read a verification for change: others who want to change it wait until this transaction ends.

    Everything that belongs to a verification changes under this lock: documents, copies, obligations, claims, checks,
    sessions. It is taken first, and what is decided on is read after it.

    Raises:
        UnknownVerificationError: there is none of this id.
    """
    row = session.scalars(_LOCK, {"verification": verification}).one_or_none()
    if row is None:
        raise UnknownVerificationError
    return row


def lock_standing(session: Session, verification: VerificationId) -> Standing:
    """The same for who changes only what belongs to it: a document of it, say.

    Raises:
        UnknownVerificationError: there is none of this id.
    """
    for found in _LOCK_STANDING.ask(session, {"verification": verification}):
        return _Stood(*found)
    raise UnknownVerificationError


def select_live() -> Select[VerificationId]:
    """The ids of the verifications that have not ended, to ask about inside another query."""
    return select(VerificationRow.id).where(IS_LIVE)


def verify_in_time(row: Standing, now: datetime) -> None:
    """Raise `TooLateError` once the latest end is past: what is due must not be put off any more."""
    if now >= row.undecided_by:
        raise TooLateError


def get_policy(session: Session, row: Standing) -> Policy:
    """The policy version that this verification began with."""
    known = _policies.get(row.policy_version)
    if known is None:
        ((canonical,),) = _CANONICAL.ask(session, {"version": row.policy_version})
        known = policy_from_canonical(canonical)
        _policies[row.policy_version] = known
    return known


def move(
    session: Session,
    now: datetime,
    row: VerificationRow,
    *,
    to: VerificationState,
    actor: str,
    reasons: Sequence[str] = (),
) -> None:
    """Move a locked verification to another state.

    Raises:
        AlreadyDecidedError, WrongStateError: the table has no such step.
    """
    before = row.state
    verify_move(before, to)
    row.state = to
    row.reasons = list(reasons)
    if to is VerificationState.SUBMITTED:
        _begin_answer_clock(session, now, row)
    if is_terminal(to):
        _end(session, now, row)
    record(
        session,
        now,
        EntryKind.VERIFICATION_MOVED,
        {
            "verification": row.id,
            "from_state": before,
            "to_state": to,
            "actor": actor,
            "reasons": list(reasons),
        },
    )


def withdraw(session: Session, now: datetime, verification: VerificationId, *, reason: str) -> None:
    """End a verification by one of the customer's two exits, in the caller's transaction."""
    row = lock_verification(session, verification)
    move(session, now, row, to=VerificationState.WITHDRAWN, actor="customer", reasons=[reason])


def get_undecided_end(session: Session, row: VerificationRow) -> datetime:
    """Until when a document of a live verification may stay: with the link while it is asked for, else with the review.

    Where a law keeps documents, their verification ends first, and that dates the hold: their own date would come at
    the same moment, or before, and take what the law wants kept.
    """
    law = get_policy(session, row).retention.find_hold(DataClass.DOCUMENTS)
    if law is not None:
        return row.undecided_by + law.keep_for
    return row.link_expires_at if row.state is VerificationState.REQUESTED else row.undecided_by


def _begin_answer_clock(session: Session, now: datetime, row: VerificationRow) -> None:
    policy = get_policy(session, row)
    row.submitted_at = now
    row.answer_by = min(now + policy.review.answer_for, row.undecided_by)
    retention.postpone_verification(session, now, row.id, destroy_by=get_undecided_end(session, row))


def _end(session: Session, now: datetime, row: VerificationRow) -> None:
    row.ended_at = now
    row.forget_by = now + get_policy(session, row).retention.longest_rows()
    session.flush()  # what follows is the consequence of the end, and the database may ask for it
    _make_all_due(session, now, row)


def finish_end(session: Session, now: datetime, verification: VerificationId) -> bool:
    """Give an end its consequences where whoever wrote it left them out; whether there was anything to do."""
    row = lock_verification(session, verification)
    keys = session.get(VerificationKeyRow, verification)
    if row.ended_at is None or keys is None or keys.shred_by is not None:
        return False
    _make_all_due(session, now, row)
    return True


def _make_all_due(session: Session, now: datetime, row: VerificationRow) -> None:
    rules = get_policy(session, row).retention
    is_lost = is_key_lost(row.state, row.reasons)  # then no law keeps anything: nobody could read it
    laws = () if is_lost else rules.list_holds()
    held = place_holds(session, now, row.id, (law for law in laws if _has(session, row, law.data)))
    documents_until = held.get(DataClass.DOCUMENTS)
    rule = Rule.KEY_LOST if is_lost else RULE_OF_END[row.state]
    retention.make_verification_due(session, now, row.id, rule=rule, held_until=documents_until)
    drop_notices(session, now, row.id)
    wake(session, Work.SHRED, Work.DISPOSE)
    session.execute(
        update(VerificationKeyRow)
        .where(VerificationKeyRow.verification_id == row.id, VerificationKeyRow.shred_by.is_(None))
        .values(
            shred_by=max(held.values(), default=retention.DUE_AT_ONCE),
            forget_unheld_by=retention.DUE_AT_ONCE if held else None,
            leased_until=None,
            attempts=0,
        )
        .execution_options(synchronize_session=False)
    )


def _has(session: Session, row: VerificationRow, data: DataClass) -> bool:
    """Whether there is anything of a class that a law could want kept: a key is not kept for nothing."""
    match data:
        case DataClass.DOCUMENTS:
            return retention.has_evidence(session, row.id)
        case DataClass.DETAILS:
            return bool(read_names(session, row.id, prefix=PREFIX_OF[DataClass.DETAILS]))
        case DataClass.CONTACT_POINTS:
            return row.has_contact_points
        case DataClass.ROWS:
            return False
    assert_never(data)


def find_unreadable_at(session: Session, verification: VerificationId) -> datetime | None:
    """When the key of a verification was seen to be gone, and with it everything that was typed."""
    keys = session.get(VerificationKeyRow, verification)
    return None if keys is None else keys.unreadable_at


def forget_sealed_values(
    session: Session, verification: VerificationId, *, held: Collection[DataClass] = frozenset()
) -> None:
    """Delete what was sealed to a verification, except what is held: with no hold, its key is gone."""
    kept = tuple(prefix for data, prefix in PREFIX_OF.items() if data in held)
    for row in session.scalars(select(SealedValueRow).where(SealedValueRow.verification_id == verification)):
        if not row.name.startswith(kept):
            session.delete(row)


def forget_references(session: Session, now: datetime) -> int:
    """Take reference and digests out of verifications that ended long enough ago; of how many."""
    due = session.scalars(
        select(VerificationRow)
        .where(VerificationRow.forgotten_at.is_(None), VerificationRow.forget_by <= now)
        .order_by(VerificationRow.forget_by)
        .limit(100)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    for row in due:
        row.reference, row.account_digest, row.request_digest, row.forgotten_at = None, None, None, now
        end_customer_sessions(session, row.id)
    return len(due)


def end_customer_sessions(session: Session, verification: VerificationId) -> None:
    session.execute(delete(CustomerSessionRow).where(CustomerSessionRow.verification_id == verification))

"""The outbox: what is to be sent lies sealed beside the reason for it, written in the same transaction.

Guarantees: address and text are sealed to the verification and gone from the row when it was sent, will not be, or
the verification ends; a closed notice stays closed. Leaves to others: what is said (`texts`), how often (`limits`),
the sending (`service`).
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, delete, func, update
from sqlalchemy.orm import Session

from verifier.db.wakeups import Work, wake
from verifier.ids import NoticeId, VerificationId, new_notice_id
from verifier.notices.kinds import Channel, Failure, NoticeKind
from verifier.notices.letter import Letter, verify_letter
from verifier.notices.tables import NoticeRow, is_open
from verifier.notices.texts import Text
from verifier.vault.keys import PublicKey
from verifier.vault.sealing import NO_DOCUMENT, SealContext, seal_bytes
from verifier.vault.service import Vault

SEND_WITHIN: Final = timedelta(minutes=10)
"""How long sending is tried where the caller does not say: as long as a code lives."""

_KEPT_FOR: Final = timedelta(days=7)


@dataclass(frozen=True)
class NoticeStatus:
    """How a notice stands. Neither `sent_at` nor `failure`: it waits, or is being sent."""

    sent_at: datetime | None
    failure: Failure | None
    goes_at: datetime
    """From when on it is sent."""


def context_of(vault: Vault, verification: VerificationId, notice: NoticeId) -> SealContext:
    """Where a notice belongs: it does not open as another's, nor as any other value of its verification."""
    return SealContext(
        installation=vault.installation, verification=verification, document=NO_DOCUMENT, copy=f"notice-{notice}"
    )


def queue_notice(  # noqa: PLR0913 -- keywords, each of them a column of the row or a part of the letter
    session: Session,
    now: datetime,
    vault: Vault,
    verification: VerificationId,
    *,
    public_key: PublicKey,
    channel: Channel,
    kind: NoticeKind,
    to: str,
    text: Text,
    not_before: datetime | None = None,
    send_by: datetime | None = None,
) -> NoticeId:
    """Put a notice into the outbox; it is sent once the caller's transaction has committed.

    `public_key` is the verification's. `to` is a normal form: an address whose domain is ASCII, or a number in E.164.
    From `not_before` (default: now) until `send_by` (default: `SEND_WITHIN` later) sending is tried; a code that
    arrives after its end would only confuse.

    Raises:
        ValueError: the letter cannot be sent as it is; see `verify_letter`.
    """
    begins = max(now, not_before or now)
    token = secrets.token_hex(16)
    letter = Letter(to=to, subject=text.subject, body=text.body, token=token, language=text.locale)
    verify_letter(letter, channel)
    notice = new_notice_id()
    wake(session, Work.NOTIFY)
    session.add(
        NoticeRow(
            id=notice,
            verification_id=verification,
            channel=channel,
            kind=kind,
            sealed=seal_bytes(public_key, context_of(vault, verification, notice), letter.to_bytes()),
            created_at=now,
            not_before=begins,
            send_by=send_by or begins + SEND_WITHIN,
        )
    )
    return notice


def drop_notices(
    session: Session,
    now: datetime,
    verification: VerificationId,
    *,
    kinds: Collection[NoticeKind] = frozenset(NoticeKind),
) -> None:
    """Drop and clear what waits of a verification. Call it in the transaction that ends it, and when its key goes."""
    session.execute(
        update(NoticeRow)
        .where(NoticeRow.verification_id == verification, NoticeRow.kind.in_(kinds), is_open)
        .values(sealed=None, failed_at=now, failure=Failure.DROPPED, leased_until=None)
        .execution_options(synchronize_session=False)
    )


def find_status(session: Session, notice: NoticeId) -> NoticeStatus | None:
    """How a notice stands; `None` for one that was forgotten, a week after its end."""
    row = session.get(NoticeRow, notice)
    return None if row is None else NoticeStatus(sent_at=row.sent_at, failure=row.failure, goes_at=row.not_before)


def forget_notices(session: Session, now: datetime, *, live: Select[VerificationId]) -> None:
    """Delete the rows of notices that were closed long ago. Called by the sweep.

    `live` selects the verifications that have not ended: of theirs, it is remembered that somebody was told, or that
    would count as not told.
    """
    ended_at = func.coalesce(NoticeRow.sent_at, NoticeRow.failed_at)
    is_needed = (NoticeRow.kind == NoticeKind.OPENED_ELSEWHERE) & NoticeRow.verification_id.in_(live)
    session.execute(
        delete(NoticeRow)
        .where(~is_open, ended_at <= now - _KEPT_FOR, ~is_needed)
        .execution_options(synchronize_session=False)
    )

"""How often something may be sent: to one contact point, for one verification, one account, from one network.

Guarantees: each planned sending counts for all of its subjects or for none (the caller's transaction); before it is
refused it is delayed, so that somebody who presses "send again" twice is not locked out; where the counts cannot be
read or written, the database's error goes to the caller, and is no refusal: nobody who has to be told must be passed
over because we could not count. Subjects lie in the table as keyed digests, until their window is over.
Leaves to others: how often one code is sent (the check), requests (`web.throttle`), what a subject is called.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from verifier.db.locks import insert_once
from verifier.notices.errors import SendLimitReachedError
from verifier.notices.tables import SendCountRow
from verifier.vault.secrets import keyed_digest


class Subject(StrEnum):
    """For what is counted."""

    VERIFICATION = "verification"
    CONTACT = "contact"
    """One contact point, whichever verification asks: nobody's mailbox is filled through us."""
    ACCOUNT = "account"
    NETWORK = "network"


@dataclass(frozen=True)
class Allowance:
    """What one subject may have in one window: the delay before each sending after the first, and how many at most.

    Sendings beyond the named delays wait as long as the last of them.
    """

    most: int
    window: timedelta
    delays: tuple[timedelta, ...]

    def __post_init__(self) -> None:
        if self.most < 1 or not self.delays:
            raise ValueError("an allowance allows one sending at least, and says how long the next one waits")

    def delay_before(self, number: int) -> timedelta:
        """Before the sending of that number, counted from 1, after the one before it."""
        return self.delays[min(number - 1, len(self.delays) - 1)]


_NONE: Final = timedelta(0)
_GROWING: Final = (_NONE, timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))

ALLOWANCES: Final[Mapping[Subject, Allowance]] = MappingProxyType(
    {
        Subject.VERIFICATION: Allowance(most=10, window=timedelta(hours=24), delays=_GROWING),
        Subject.CONTACT: Allowance(most=10, window=timedelta(hours=24), delays=_GROWING),
        Subject.ACCOUNT: Allowance(most=20, window=timedelta(hours=24), delays=_GROWING),
        # Many people share one network: the delay begins where one household would long have stopped.
        Subject.NETWORK: Allowance(most=60, window=timedelta(hours=1), delays=(*[_NONE] * 20, timedelta(seconds=30))),
    }
)


class SendLimits:
    """Plans when something is sent."""

    def __init__(self, digest_key: bytes, *, allowances: Mapping[Subject, Allowance] = ALLOWANCES) -> None:
        self._digest_key: Final = digest_key
        self._allowances: Final = allowances

    def plan_sending(self, session: Session, now: datetime, *, subjects: Mapping[Subject, str]) -> datetime:
        """Count one sending for every subject; from when on it may go out, `now` or later.

        `subjects` names the contact point by its normal form, and the verification, the account and the network where
        they are known and the sending shall count for them.

        Raises:
            SendLimitReachedError: one of them had as much as it may.
            SQLAlchemyError: the counts cannot be kept, so nothing may be sent.
                With either, nothing is counted where the caller's transaction ends with it.
        """
        if not subjects.get(Subject.CONTACT):
            raise ValueError("a sending is counted for its contact point at least")
        # Always in one order, so that two sendings never wait for each other's rows.
        return max([self._count(session, now, subject, subjects[subject]) for subject in sorted(subjects)])

    def _count(self, session: Session, now: datetime, subject: Subject, name: str) -> datetime:
        allowance = self._allowances[subject]
        row = self._lock(session, now, keyed_digest(self._digest_key, f"sends-{subject}", name))
        # A clock that went back must neither open a window early nor keep it closed for longer than it is.
        row.began_at = min(row.began_at, now)
        if now >= row.began_at + allowance.window:
            row.sends, row.began_at = 0, now
        if row.sends >= allowance.most:
            wait = row.began_at + allowance.window - now
            raise SendLimitReachedError({"retry_after": max(1, ceil(wait.total_seconds()))})
        row.sends += 1
        delay = allowance.delay_before(row.sends)
        before = min(row.planned_at, now + allowance.delays[-1] * row.sends)  # no further ahead than delays can lead
        row.planned_at = max(now, before + delay) if delay else now
        row.forget_at = row.began_at + allowance.window
        return row.planned_at

    def _lock(self, session: Session, now: datetime, digest: str) -> SendCountRow:
        """The subject's row, held until the transaction ends; made if this is its first sending."""
        wanted = select(SendCountRow).where(SendCountRow.subject_digest == digest).with_for_update()
        row = session.scalars(wanted).one_or_none()
        if row is not None:
            return row
        first = {"subject_digest": digest, "sends": 0, "began_at": now, "planned_at": now, "forget_at": now}
        insert_once(session, SendCountRow, first)  # where another transaction was first, its count is ours too
        return session.scalars(wanted).one()


def forget_send_counts(session: Session, now: datetime) -> None:
    """Delete the counts of windows that are over. Called by the sweep."""
    session.execute(delete(SendCountRow).where(SendCountRow.forget_at <= now))

"""The job that sends: takes a due notice, opens it, gives it to a server, closes it.

Guarantees: nothing is sent inside a transaction; a notice is sent by one worker at a time, and closed only by the one
that holds its lease, by its attempts; what was closed is cleared in the same transaction. At least once, never at most
once: where the server accepted and our commit did not happen (the process died, the database did not answer), the next
lease sends it again, under the same Message-ID or Idempotency-Key. A forged wake-up finds the same rows, and no more.
Leaves to others: what a failure means (`when_closed`), the words, the limits.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import update
from sqlalchemy.orm import Session

from verifier import faults
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.leases import LONGEST, Lease, rest_for, take_leases
from verifier.ids import NoticeId, VerificationId
from verifier.notices.kinds import Channel, Failure, NoticeKind
from verifier.notices.letter import Letter
from verifier.notices.outbox import context_of
from verifier.notices.sending import GivenUpError, NotAcceptedError, Sender
from verifier.notices.tables import NoticeRow, is_open
from verifier.telemetry import get_log
from verifier.vault.errors import BrokenRecordError, BrokenSealError, KeyMissingError, StoreUnavailableError
from verifier.vault.sealing import open_bytes
from verifier.vault.service import Vault

_LEASE_FOR: Final = LONGEST
"""Longer than the whole patience with a server: who still talks to one still holds the lease."""

_TRIES: Final = 20


@dataclass(frozen=True)
class ClosedNotice:
    """What became of a notice; `failure` is `None` where it was accepted."""

    id: NoticeId
    verification: VerificationId
    channel: Channel
    kind: NoticeKind
    failure: Failure | None


class WhenClosed(Protocol):
    """Whom the end of a notice concerns. Both are called in the transaction that closes it, and taken back with it.

    Not called for what was dropped, nor where the lease was lost.
    """

    def lock(self, session: Session, verification: VerificationId) -> None:
        """Lock what the end may change, before the notice's row is touched: in the order of those who end one."""

    def note(self, session: Session, now: datetime, closed: ClosedNotice) -> None:
        """The row is closed: do what follows from it."""


class _LostError(Exception):
    """The notice is another's, or its verification ended."""


@dataclass(frozen=True)
class _Task:
    lease: Lease
    leased_at: datetime
    verification: VerificationId
    channel: Channel
    kind: NoticeKind
    send_by: datetime
    sealed: bytes = field(repr=False)

    @property
    def notice(self) -> NoticeId:
        return NoticeId(self.lease.id)


class Notifier:
    """Sends what is due."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        vault: Vault,
        senders: Mapping[Channel, Sender],
        when_closed: WhenClosed,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._senders: Final = senders
        self._when_closed: Final = when_closed

    def notify_next(self) -> bool:
        """Take up the next notice that is due and nobody holds; `False` when there is none."""
        task = self._take()
        if task is None:
            return False
        faults.hit("notice.leased")
        if task.leased_at >= task.send_by or task.lease.attempts > _TRIES:
            self._close(task, Failure.UNREACHABLE)
            return True
        try:
            self._send(task)
        except NotAcceptedError as error:
            get_log().warning("notice.not_accepted", code=error.obstacle.value, verification=task.verification)
            self._rest(task)
            return True
        except StoreUnavailableError as error:
            get_log().warning("notice.not_opened", code=error.code, verification=task.verification)
            self._rest(task)
            return True
        except GivenUpError as error:
            get_log().warning("notice.failed", code=error.failure.value, verification=task.verification)
            self._close(task, error.failure)
            return True
        faults.hit("notice.sent")
        self._close(task, None)
        faults.hit("notice.closed")
        return True

    def _take(self) -> _Task | None:
        with self._database.write() as session:
            now = self._clock.now(session)
            leases = take_leases(
                session,
                NoticeRow,
                key=NoticeRow.id,
                due=is_open & (NoticeRow.not_before <= now),
                oldest_by=NoticeRow.not_before,
                now=now,
                lease_for=_LEASE_FOR,
                limit=1,
            )
            if not leases:
                return None
            row = session.get_one(NoticeRow, leases[0].id)
            assert row.sealed is not None  # an open notice has it: whatever closes one clears it at once
            return _Task(leases[0], now, row.verification_id, row.channel, row.kind, row.send_by, row.sealed)

    def _send(self, task: _Task) -> None:
        sender = self._senders.get(task.channel)
        if sender is None:
            raise GivenUpError(Failure.NOT_OFFERED)
        sender.send(task.notice, self._open(task), at=task.leased_at)

    def _open(self, task: _Task) -> Letter:
        try:
            private_key = self._vault.open_keys(task.verification)
            context = context_of(self._vault, task.verification, task.notice)
            return Letter.from_bytes(open_bytes(private_key, context, task.sealed))
        except (KeyMissingError, BrokenRecordError, BrokenSealError) as error:
            raise GivenUpError(Failure.UNREADABLE) from error

    def _rest(self, task: _Task) -> None:
        """Try again after a rest that grows; give up at once where the rest would outlast its time."""
        rest = rest_for(task.lease.attempts)
        with self._database.read() as session:
            again_at = self._clock.now(session) + rest
        if again_at >= task.send_by or task.lease.attempts >= _TRIES:
            self._close(task, Failure.UNREACHABLE)
            return
        with suppress(_LostError), self._database.write() as session:
            self._change(session, task, {"leased_until": again_at})

    def _close(self, task: _Task, failure: Failure | None) -> None:
        closed = ClosedNotice(task.notice, task.verification, task.channel, task.kind, failure)
        with suppress(_LostError), self._database.write() as session:
            self._when_closed.lock(session, task.verification)
            now = self._clock.now(session)
            end = {"sent_at": now} if failure is None else {"failed_at": now, "failure": failure}
            self._change(session, task, {**end, "sealed": None, "leased_until": None})
            self._when_closed.note(session, now, closed)

    def _change(self, session: Session, task: _Task, values: Mapping[str, object]) -> None:
        hit = session.execute(
            update(NoticeRow)
            .where(NoticeRow.id == task.notice, NoticeRow.attempts == task.lease.attempts, is_open)
            .values(values)
            .returning(NoticeRow.id)
            .execution_options(synchronize_session=False)
        ).all()
        if len(hit) != 1:
            raise _LostError

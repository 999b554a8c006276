"""The worker's side of the one door: takes up each submission, has it judged, and closes it.

Guarantees: only here does a check change its state, and in the same transaction the submission is cleared, the entries
are written, and what follows from a confirmation is done. No transaction stays open while DNS or a server is asked. A
worker that dies in between has done nothing: the next one takes the submission up anew. Of many guesses at once, each
is counted before the next is looked at. Leaves to others: what each kind does (`effects`), what a confirmation leads
to (`go_on`), and the sending.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from verifier import faults
from verifier.contacts.effects import Effects
from verifier.contacts.ending import GoOn
from verifier.contacts.findings import Finding, Findings
from verifier.contacts.life import SLOW_KINDS, Result, SubmissionKind
from verifier.contacts.tables import ContactSubmissionRow
from verifier.contacts.task import LeaseLostError, MootError, Task, open_task, read_submission
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.leases import Lease, is_free, rest_for, take_leases
from verifier.db.locks import lock_name
from verifier.errors import VerifierError
from verifier.telemetry import get_log
from verifier.vault.errors import BrokenRecordError, KeyMissingError
from verifier.vault.service import Vault
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import lock_verification
from verifier.verifications.tables import VerificationRow

_LEASE_FOR: Final = timedelta(seconds=30)
_MOST_ATTEMPTS: Final = 12
"""A submission that kills whoever judges it, or that nothing answers, is thrown away after as many."""


def _is_due(kinds: frozenset[SubmissionKind], now: datetime) -> ColumnElement[bool]:
    row, other = ContactSubmissionRow, aliased(ContactSubmissionRow)
    in_flight = exists().where(
        other.verification_id == row.verification_id,
        other.id != row.id,
        other.kind.in_(SLOW_KINDS),
        other.judged_at.is_(None),
        ~is_free(other, now),
    )
    return row.judged_at.is_(None) & row.kind.in_(kinds) & (row.kind.not_in(SLOW_KINDS) | ~in_flight)


class Judge:
    """Takes submissions up and judges them."""

    def __init__(
        self, database: Database, *, clock: Clock, vault: Vault, findings: Findings, effects: Effects, go_on: GoOn
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._findings: Final = findings
        self._effects: Final = effects
        self._go_on: Final = go_on

    def judge_next(self, kinds: frozenset[SubmissionKind] = frozenset(SubmissionKind)) -> bool:
        """Judge the oldest submission of these kinds that nobody holds; `False` when there is none.

        Of the slow kinds, one at a time is judged for each verification: one slow domain must not keep every thread.
        """
        with self._database.write() as session:
            if kinds & SLOW_KINDS:
                lock_name(session, "slow-submissions")  # who counts those in flight sees what others just leased
            now = self._clock.now(session)
            leases = take_leases(
                session,
                ContactSubmissionRow,
                key=ContactSubmissionRow.id,
                due=_is_due(kinds, now),
                oldest_by=ContactSubmissionRow.created_at,
                now=now,
                lease_for=_LEASE_FOR,
                limit=1,
            )
        if not leases:
            return False
        faults.hit("judge.leased")
        self._judge_or_rest(leases[0])
        return True

    def _judge_or_rest(self, lease: Lease) -> None:
        try:
            self._judge(lease)
        except LeaseLostError:
            return
        except Exception as error:  # noqa: BLE001 -- a fault of ours with one submission must not keep the others
            if isinstance(error, VerifierError | SQLAlchemyError | OSError):
                get_log().exception("judging.failed", attempts=lease.attempts, exc_info=error)
            else:
                get_log().critical("judging.broke", attempts=lease.attempts, exc_info=error)
            self._rest(lease)

    def _judge(self, lease: Lease) -> None:
        if lease.attempts > _MOST_ATTEMPTS:
            self._close_moot(lease)
            return
        try:
            with self._database.read() as session:
                now = self._clock.now(session)
                found = read_submission(session, lease)
            task = open_task(self._vault, found)
            faults.hit("judge.opened")
            finding = self._findings.look(task, now=now)
            faults.hit("judge.looked")
            self._close(task, finding)
        except (MootError, KeyMissingError, BrokenRecordError):
            self._close_moot(lease)
        faults.hit("judge.closed")

    def _close(self, task: Task, finding: Finding) -> None:
        with self._database.write() as session:
            row = lock_verification(session, task.verification)
            now = self._clock.now(session)
            if is_terminal(row.state) or now >= row.undecided_by:
                raise MootError
            result = self._effects.apply(session, now, row, task, finding)
            self._mark(session, now, task.lease, result)
            self._go_on_after(session, now, row, task.kind)
            faults.hit("judge.before_commit")

    def _close_moot(self, lease: Lease) -> None:
        with self._database.write() as session:
            now = self._clock.now(session)
            submission = session.get_one(ContactSubmissionRow, lease.id)
            row = lock_verification(session, submission.verification_id)
            self._mark(session, now, lease, Result.MOOT)
            if not is_terminal(row.state) and now < row.undecided_by:
                self._go_on_after(session, now, row, submission.kind)

    def _go_on_after(self, session: Session, now: datetime, row: VerificationRow, kind: SubmissionKind) -> None:
        """An end that waited until the others were told waits no longer, once that submission is closed."""
        if kind is SubmissionKind.OPENED:
            self._go_on(session, now, row)

    def _mark(self, session: Session, now: datetime, lease: Lease, result: Result) -> None:
        """Close the submission and let go of what it said. Raises `LeaseLostError` if another worker took it up."""
        hit = session.execute(
            update(ContactSubmissionRow)
            .where(
                ContactSubmissionRow.id == lease.id,
                ContactSubmissionRow.attempts == lease.attempts,
                ContactSubmissionRow.judged_at.is_(None),
            )
            .values(judged_at=now, result=result, sealed=None, leased_until=None)
            .returning(ContactSubmissionRow.id)
            .execution_options(synchronize_session=False)
        ).all()
        if len(hit) != 1:
            raise LeaseLostError

    def _rest(self, lease: Lease) -> None:
        with self._database.write() as session:
            session.execute(
                update(ContactSubmissionRow)
                .where(ContactSubmissionRow.id == lease.id, ContactSubmissionRow.attempts == lease.attempts)
                .values(leased_until=self._clock.now(session) + rest_for(lease.attempts))
                .execution_options(synchronize_session=False)
            )

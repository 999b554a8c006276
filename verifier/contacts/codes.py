"""Sending a code to a registered contact point, and taking guesses at it.

Guarantees: the same code goes out again while it is valid; it is sealed for that, and compared only as a keyed digest;
what was sent and what was tried is counted in the transaction that does it; where the limits of sending do not allow
one, nothing is sent, and where they cannot be read, the submission is judged anew later. All of it happens in a
transaction that has locked the verification.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from policies.parts import ContactKind
from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.contacts.code import CODE_FOR, MOST_SENDS, MOST_TRIES, digest_code, is_code, new_code
from verifier.contacts.letters import Letters
from verifier.contacts.life import Result
from verifier.contacts.reasons import Reason
from verifier.contacts.sealing import seal, unseal
from verifier.contacts.tables import ContactCheckRow
from verifier.contacts.task import Task
from verifier.contacts.verdict import Outcome, Verdict
from verifier.notices.errors import SendLimitReachedError
from verifier.notices.kinds import Channel, NoticeKind
from verifier.notices.limits import SendLimits, Subject
from verifier.notices.outbox import queue_notice
from verifier.telemetry import get_log
from verifier.vault.service import Vault
from verifier.verifications.sealed_values import get_public_key

_WORTH_SENDING_FOR: Final = timedelta(minutes=1)
"""A code that is valid for less than this when it goes out would only disappoint: a new one goes instead."""

CHANNEL_OF: Final = {ContactKind.EMAIL: Channel.EMAIL, ContactKind.PHONE: Channel.SMS}


class Codes:
    """Issues codes and takes guesses. `key` is the worker's alone: nobody else can tell a right code from a wrong."""

    def __init__(self, vault: Vault, *, key: bytes, limits: SendLimits, letters: Letters) -> None:
        self._vault: Final = vault
        self._key: Final = key
        self._limits: Final = limits
        self._letters: Final = letters

    def send(
        self, session: Session, now: datetime, check: ContactCheckRow, task: Task, *, address: str, network: str
    ) -> Result:
        """Queue the code of an open check."""
        if check.sends >= MOST_SENDS:
            return Result.TOO_MANY_SENDS
        try:
            with session.begin_nested():
                goes_at = self._plan(session, now, check, task, address=address, network=network)
                _verify_in_time(check, now, goes_at=goes_at)
        except SendLimitReachedError:
            get_log().warning("code.limit_reached", verification=check.verification_id)
            check.reasons = [Reason.TOO_MANY_SENDS]
            return Result.TOO_MANY_SENDS
        code = self._get_code(session, check, task, goes_at=goes_at)
        check.sends += 1
        check.reasons = []
        self._queue(session, now, check, task, address=address, code=code, goes_at=goes_at)
        faults.hit("code.issued")
        return Result.CODE_SENT

    def _plan(
        self, session: Session, now: datetime, check: ContactCheckRow, task: Task, *, address: str, network: str
    ) -> datetime:
        subjects = {
            Subject.VERIFICATION: check.verification_id,
            Subject.CONTACT: f"{check.contact}/{address}",
        }
        if network:
            subjects[Subject.NETWORK] = network
        if task.account_digest is not None:
            subjects[Subject.ACCOUNT] = task.account_digest
        return self._limits.plan_sending(session, now, subjects=subjects)

    def _get_code(self, session: Session, check: ContactCheckRow, task: Task, *, goes_at: datetime) -> str:
        """The code that is valid when it goes out: the one that went before, or a new one."""
        ends_at = check.code_expires_at
        if check.code_sealed is not None and ends_at is not None and goes_at + _WORTH_SENDING_FOR <= ends_at:
            name, sealed = check.id, check.code_sealed
            return unseal(task.private_key, self._vault, check.verification_id, name=name, sealed=sealed).decode()
        code = new_code()
        check.code_digest = digest_code(self._key, code, verification=check.verification_id, check=check.id)
        check.code_sealed = seal(session, self._vault, check.verification_id, name=check.id, data=code.encode())
        check.code_expires_at = goes_at + CODE_FOR
        return code

    def _queue(
        self,
        session: Session,
        now: datetime,
        check: ContactCheckRow,
        task: Task,
        *,
        address: str,
        code: str,
        goes_at: datetime,
    ) -> None:
        channel = CHANNEL_OF[check.contact]
        ends_at = check.code_expires_at
        assert ends_at is not None  # set with the code
        words = self._letters.write_code(task, channel, code=code, lasts=ends_at - goes_at)
        check.notice_id = queue_notice(
            session,
            now,
            self._vault,
            check.verification_id,
            public_key=get_public_key(session, check.verification_id),
            channel=channel,
            kind=NoticeKind.CODE,
            to=address,
            text=words,
            not_before=goes_at,
            send_by=ends_at,
        )
        of = {"verification": check.verification_id, "check": check.id}
        record(session, now, EntryKind.CODE_SENT, {**of, "channel": channel, "number": check.sends})

    def guess(self, now: datetime, check: ContactCheckRow, task: Task, guessed: str) -> Verdict | Result:
        """Take one guess at the code of an open check: a verdict ends the check, a result leaves it open."""
        ends_at = check.code_expires_at
        # By when it was handed in, so that nobody is late because the worker was.
        if check.code_digest is None or ends_at is None or min(task.created_at, now) >= ends_at:
            check.reasons = [Reason.CODE_EXPIRED]
            return Result.CODE_EXPIRED
        digest, of = check.code_digest, check.verification_id
        if is_code(self._key, guessed, digest=digest, verification=of, check=check.id):
            return Verdict(Outcome.CONFIRMED)
        check.tries += 1
        if check.tries >= MOST_TRIES:
            return Verdict(Outcome.FAILED, (Reason.TOO_MANY_TRIES,))
        check.reasons = [Reason.WRONG_CODE]
        return Result.WRONG_CODE


def _verify_in_time(check: ContactCheckRow, now: datetime, *, goes_at: datetime) -> None:
    """Raise `SendLimitReachedError` where a delayed sending would need a new code while the last one is still good.

    The last one would be wrong from now on, and the new one come in minutes: who is impatient would lock themselves
    out. Once the last one ends, a new one is sent.
    """
    ends_at = check.code_expires_at
    if check.code_sealed is None or ends_at is None:
        return
    if now + _WORTH_SENDING_FOR < ends_at < goes_at + _WORTH_SENDING_FOR:
        raise SendLimitReachedError({"retry_after": max(1, int((ends_at - now).total_seconds()))})

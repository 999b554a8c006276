"""The one door: whatever faces the customer or the desk hands in a sealed submission, and judges nothing.

Guarantees: what is handed in is sealed with the verification's public key before it touches a row, so that the tier
that takes it in cannot read it back, and has no key with which a code could be told right from wrong; only the worker
opens it (`verifier.contacts.judging`). Few wait at once: a flood is refused before it is stored.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from policies.parts import CheckMethod, ContactKind, ContactRequirement
from verifier.contacts.code import MOST_SENDS, parse_code
from verifier.contacts.errors import (
    CheckEndedError,
    StillJudgingError,
    SubmissionTooLargeError,
    TooManyChecksError,
    TooManyCodesSentError,
    UnknownCheckError,
    UnknownContactError,
    WrongCheckError,
)
from verifier.contacts.life import (
    METHODS_OF_KIND,
    MOST_CHECKS,
    SLOW_KINDS,
    CheckState,
    Result,
    SubmissionKind,
    may_begin_after,
)
from verifier.contacts.points import parse_contact
from verifier.contacts.registered import has_point
from verifier.contacts.sealing import seal
from verifier.contacts.tables import ContactCheckRow, ContactPointRow, ContactSubmissionRow, ExitRow
from verifier.db.wakeups import Work, wake
from verifier.ids import CheckId, SubmissionId, VerificationId, new_submission_id
from verifier.vault.service import Vault
from verifier.verifications.errors import AlreadyDecidedError, WrongStateError
from verifier.verifications.life import VerificationState, is_terminal
from verifier.verifications.moves import get_policy, verify_in_time
from verifier.verifications.tables import VerificationRow

MOST_WAITING: Final = 8
MOST_WAITING_BYTES: Final = 12_000_000
"""One message of the greatest size, and what is small: what waits is stored, and the worker may be away."""
MOST_SUBMISSIONS: Final = 400
"""In the whole life of a verification: more than anybody needs who uses every way that there is to the end."""
MOST_MESSAGE_BYTES: Final = 10_000_000
MOST_TOKEN_BYTES: Final = 16_000
MOST_MESSAGES: Final = 100
"""In the same way, counted apart: whoever knows where the mailbox is must not close the other ways to the customer."""
CUSTOMER: Final = "customer"
MAILBOX: Final = "worker"
"""Who hands in what came by mail, from anybody."""

MOST_OTHER_PROOFS: Final = 50
_OF_CUSTOMERS: Final = frozenset(SubmissionKind) - {SubmissionKind.OPENED, SubmissionKind.MESSAGE}


class Door:
    """Takes submissions for one verification that the caller's transaction has locked."""

    def __init__(self, session: Session, now: datetime, vault: Vault, row: VerificationRow, *, source: str) -> None:
        """Raises: AlreadyDecidedError, WrongStateError, TooLateError"""
        _verify_takes_checks(row, now, source=source)
        self._session: Final = session
        self._now: Final = now
        self._vault: Final = vault
        self._row: Final = row
        self._source: Final = source

    def begin(self, contact: ContactKind, method: CheckMethod, *, network: str, locale: str) -> SubmissionId:
        """Ask for a check, or for its code once more. No network, "", is the desk's: it does not count for one.

        Raises:
            UnknownContactError: the policy asks for no such check, or the desk registered no such contact point.
            CheckEndedError, TooManyChecksError, TooManyCodesSentError, StillJudgingError
        """
        self._verify_asked(contact, method)
        self._verify_may_begin(contact, method)
        return self._add(SubmissionKind.BEGIN, contact, method, content={"network": network, "locale": locale})

    def guess(self, check: CheckId, text: str) -> SubmissionId:
        """Hand in a code. One that cannot be any is refused here, and costs no try.

        Raises:
            CodeMalformedError, UnknownCheckError, WrongCheckError, CheckEndedError, StillJudgingError
        """
        row = self._get_open(check, SubmissionKind.GUESS)
        return self._add(SubmissionKind.GUESS, row.contact, row.method, check=check, content={"code": parse_code(text)})

    def guess_for(self, contact: ContactKind, text: str) -> SubmissionId:
        """Hand in the code that was sent to a contact point, as an agent does who has it by telephone.

        Raises:
            UnknownCheckError: no code was asked for.
            CodeMalformedError, StillJudgingError
        """
        return self.guess(self._get_open_of(contact, CheckMethod.CODE).id, text)

    def type_address(self, check: CheckId, text: str, *, network: str, locale: str) -> SubmissionId:
        """Hand in the address for which the desk sent only a digest.

        Raises:
            MalformedContactError, DisposableContactError, UnknownCheckError, WrongCheckError, CheckEndedError,
            StillJudgingError
        """
        row = self._get_open(check, SubmissionKind.ADDRESS)
        point = self._session.get(ContactPointRow, (self._row.id, row.contact))
        if point is None or not point.is_untold:
            raise WrongCheckError
        rules = get_policy(self._session, self._row).contacts
        normal = parse_contact(row.contact, text, forbid_disposable=rules.forbid_disposable)
        content = {"address": normal, "network": network, "locale": locale}
        return self._add(SubmissionKind.ADDRESS, row.contact, row.method, check=check, content=content)

    def look(self, check: CheckId) -> SubmissionId:
        """Ask that the domain be looked at now. Raises as `guess` does."""
        row = self._get_open(check, SubmissionKind.LOOK)
        return self._add(SubmissionKind.LOOK, row.contact, row.method, check=check, content={})

    def sign(self, check: CheckId, signature: str) -> SubmissionId:
        """Hand in a wallet's signature over the challenge. Raises as `guess` does, and SubmissionTooLargeError."""
        row = self._get_open(check, SubmissionKind.SIGNATURE)
        _verify_size(signature.encode(), MOST_TOKEN_BYTES)
        return self._add(
            SubmissionKind.SIGNATURE, row.contact, row.method, check=check, content={"signature": signature}
        )

    def hand_in_message(self, raw: bytes) -> SubmissionId:
        """Hand in the message itself, as the desk received it.

        Raises:
            SubmissionTooLargeError, UnknownContactError, TooManyChecksError, StillJudgingError
        """
        _verify_size(raw, MOST_MESSAGE_BYTES)
        self._verify_asked(ContactKind.EMAIL, CheckMethod.MESSAGE)
        self._verify_may_begin(ContactKind.EMAIL, CheckMethod.MESSAGE)
        return self._add_raw(SubmissionKind.MESSAGE, ContactKind.EMAIL, CheckMethod.MESSAGE, check=None, data=raw)

    def hand_in_attestation(self, token: str) -> SubmissionId:
        """Hand in what the desk's own logged-in area signed, for the nonce of the open check.

        Raises:
            SubmissionTooLargeError, UnknownCheckError, StillJudgingError
        """
        _verify_size(token.encode("utf-8", "surrogatepass"), MOST_TOKEN_BYTES)
        row = self._get_open_of(ContactKind.ACCOUNT, CheckMethod.ATTESTATION)
        return self._add(SubmissionKind.ATTESTATION, row.contact, row.method, check=row.id, content={"token": token})

    def _verify_asked(self, contact: ContactKind, method: CheckMethod) -> None:
        policy = get_policy(self._session, self._row)
        is_asked = ContactRequirement(contact, method) in policy.checks()
        if not is_asked or not has_point(self._session, self._row, contact):
            raise UnknownContactError({"contact": contact})

    def _verify_may_begin(self, contact: ContactKind, method: CheckMethod) -> None:
        """Early and kind; the worker, which decides, looks again."""
        checks = read_checks_of(self._session, self._row.id, contact, method)
        if not checks:
            return
        last = checks[-1]
        if last.state in {CheckState.OPEN, CheckState.LAPSED} and last.sends >= MOST_SENDS:
            raise TooManyCodesSentError
        if last.state is CheckState.OPEN:
            return
        if not may_follow(last):
            raise CheckEndedError({"state": last.state})
        if count_used(self._session, checks) >= MOST_CHECKS:
            raise TooManyChecksError

    def _get_open(self, check: CheckId, kind: SubmissionKind) -> ContactCheckRow:
        row = self._session.get(ContactCheckRow, check)
        if row is None or row.verification_id != self._row.id:
            raise UnknownCheckError
        if row.method not in METHODS_OF_KIND[kind]:
            raise WrongCheckError
        if row.state is not CheckState.OPEN:
            raise CheckEndedError({"state": row.state})
        return row

    def _get_open_of(self, contact: ContactKind, method: CheckMethod) -> ContactCheckRow:
        checks = read_checks_of(self._session, self._row.id, contact, method)
        if not checks:
            raise UnknownCheckError
        if checks[-1].state is not CheckState.OPEN:
            raise CheckEndedError({"state": checks[-1].state})
        return checks[-1]

    def _add(
        self,
        kind: SubmissionKind,
        contact: ContactKind,
        method: CheckMethod,
        *,
        content: dict[str, str],
        check: CheckId | None = None,
    ) -> SubmissionId:
        return self._add_raw(kind, contact, method, check=check, data=json.dumps(content).encode())

    def _add_raw(
        self, kind: SubmissionKind, contact: ContactKind, method: CheckMethod, *, check: CheckId | None, data: bytes
    ) -> SubmissionId:
        _verify_room(self._session, self._row.id, kind, data=data)
        id_ = new_submission_id()
        wake(self._session, Work.LOOK_UP if kind in SLOW_KINDS else Work.JUDGE)
        self._session.add(
            ContactSubmissionRow(
                id=id_,
                verification_id=self._row.id,
                check_id=check,
                contact=contact,
                method=method,
                kind=kind,
                sealed=seal(self._session, self._vault, self._row.id, name=id_, data=data),
                source=self._source,
                result=Result.PENDING,
                created_at=self._now,
            )
        )
        return id_


def note_opened(session: Session, now: datetime, verification: VerificationId) -> None:
    """Ask the worker to tell the other contact point that the link was opened, where it is to be told. Once."""
    untold = select(ExitRow.token_digest).where(ExitRow.verification_id == verification, ExitRow.told_at.is_(None))
    if session.scalar(untold) is not None:
        _ask_to_tell(session, now, verification)


def note_other_proof(session: Session, now: datetime, verification: VerificationId) -> None:
    """Ask the worker to look anew who is the other one: the customer takes another line of the ladder.

    Raises:
        TooManyChecksError: they did so as often as a verification allows. It is refused, for to leave out the asking
            would be a way past it.
    """
    asked = (
        ContactSubmissionRow.verification_id == verification,
        ContactSubmissionRow.kind == SubmissionKind.OPENED,
    )
    if (session.scalar(select(func.count(ContactSubmissionRow.id)).where(*asked)) or 0) >= MOST_OTHER_PROOFS:
        raise TooManyChecksError
    note_handed_in(session, now, verification)


def note_handed_in(session: Session, now: datetime, verification: VerificationId) -> None:
    """The same, when what was sent is handed in: by then, the contact points in hand are the confirmed ones."""
    if session.scalar(select(ExitRow.token_digest).where(ExitRow.verification_id == verification)) is not None:
        _ask_to_tell(session, now, verification)


def find_asked_to_tell(session: Session, verification: VerificationId) -> datetime | None:
    """Since when the worker is asked to tell somebody, and has not looked yet; `None` where it is not asked."""
    waiting = select(ContactSubmissionRow.created_at).where(
        ContactSubmissionRow.verification_id == verification,
        ContactSubmissionRow.kind == SubmissionKind.OPENED,
        ContactSubmissionRow.judged_at.is_(None),
    )
    return session.scalar(waiting.order_by(ContactSubmissionRow.created_at.desc()).limit(1))


def _ask_to_tell(session: Session, now: datetime, verification: VerificationId) -> None:
    if find_asked_to_tell(session, verification) is not None:
        return
    wake(session, Work.JUDGE)
    session.add(
        ContactSubmissionRow(
            id=new_submission_id(),
            verification_id=verification,
            kind=SubmissionKind.OPENED,
            source=CUSTOMER,
            result=Result.PENDING,
            created_at=now,
        )
    )


def read_checks_of(
    session: Session, verification: VerificationId, contact: ContactKind, method: CheckMethod
) -> list[ContactCheckRow]:
    """The checks of one contact point by one method, oldest first."""
    return list(
        session.scalars(
            select(ContactCheckRow)
            .where(
                ContactCheckRow.verification_id == verification,
                ContactCheckRow.contact == contact,
                ContactCheckRow.method == method,
            )
            .order_by(ContactCheckRow.created_at, ContactCheckRow.id)
        )
    )


def may_follow(last: ContactCheckRow) -> bool:
    """Whether another check may follow this one: after one that lapsed, only with something left to send."""
    is_used_up = last.state is CheckState.LAPSED and last.sends >= MOST_SENDS
    return may_begin_after(last.state, last.method) and not is_used_up


def count_used(session: Session, checks: Sequence[ContactCheckRow]) -> int:
    """How many of these checks count towards `MOST_CHECKS`: not those that a mail from anybody began and lost."""
    won = {CheckState.OPEN, CheckState.CONFIRMED, CheckState.LAPSED}
    lost = [check.id for check in checks if check.state not in won]
    by_mail = select(func.count(ContactSubmissionRow.id)).where(
        ContactSubmissionRow.check_id.in_(lost),
        ContactSubmissionRow.kind == SubmissionKind.MESSAGE,
        ContactSubmissionRow.source == MAILBOX,
    )
    return len(checks) - (session.scalar(by_mail) or 0)


def _verify_takes_checks(row: VerificationRow, now: datetime, *, source: str) -> None:
    """The desk may hand in more while a reviewer looks; the customer has handed everything in by then."""
    if is_terminal(row.state):
        raise AlreadyDecidedError({"state": row.state})
    if source == CUSTOMER and row.state is not VerificationState.REQUESTED:
        raise WrongStateError({"state": row.state})
    verify_in_time(row, now)


def _verify_room(session: Session, verification: VerificationId, kind: SubmissionKind, *, data: bytes) -> None:
    """Refuse a flood before it is stored: rows stay as long as their verification, and what waits stays whole.

    Messages have room of their own: they come from anybody, and are large.
    """
    alike = {kind} if kind is SubmissionKind.MESSAGE else _OF_CUSTOMERS
    of = ContactSubmissionRow.verification_id == verification, ContactSubmissionRow.kind.in_(alike)
    most = MOST_MESSAGES if kind is SubmissionKind.MESSAGE else MOST_SUBMISSIONS
    if (session.scalar(select(func.count(ContactSubmissionRow.id)).where(*of)) or 0) >= most:
        raise TooManyChecksError
    sizes = func.coalesce(func.sum(ContactSubmissionRow.sealed_bytes), 0)
    waiting, held = session.execute(
        select(func.count(ContactSubmissionRow.id), sizes).where(*of, ContactSubmissionRow.judged_at.is_(None))
    ).one()
    if waiting >= MOST_WAITING or (held or 0) + len(data) > MOST_WAITING_BYTES:
        raise StillJudgingError


def _verify_size(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise SubmissionTooLargeError({"limit_bytes": limit})
